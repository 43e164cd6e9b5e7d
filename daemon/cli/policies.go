package cli

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"sluice/daemon/api/wire"
	"sluice/daemon/client"
	"sluice/daemon/config"
)

func newPolicies(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "policies",
		Short: "The update settings of devices: explain, set and compare them",
		Long: "Settings belong to groups. A device has those of all its groups: the group nearest\n" +
			"to it wins, and between groups of one depth the rule of the setting itself, else\n" +
			"the group that comes first by name. Enrolled devices are sent what differs from\n" +
			"what they have; for others \"sluice policies export\" writes the same settings.",
	}
	cmd.AddCommand(newPoliciesList(a), newPoliciesExplain(a), newPoliciesSet(a), newPoliciesUnset(a), newPoliciesPreset(a), newPoliciesDiff(a), newPoliciesExport(a))
	return listedFor(config.Isolated, cmd)
}

func newPoliciesList(a *app) *cobra.Command {
	var group string
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the settings of groups",
		Example: "  sluice policies list\n" +
			"  sluice policies list --group Pilot",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.onAppliance(cmd.Context(), false, func(c *client.Client) error {
				groups, err := c.Policies(cmd.Context(), group)
				if err != nil {
					return err
				}
				if a.json {
					return writeJSON(a.stdout, groups)
				}
				if group != "" && len(groups) == 1 {
					return a.showGroupPolicy(&groups[0])
				}
				var rows [][]string
				for i := range groups {
					rows = append(rows, groupPolicyRows(&groups[i])...)
				}
				if len(rows) == 0 {
					fmt.Fprintln(a.stderr, "no group has settings")
					return nil
				}
				return table(a.stdout, []string{"GROUP", "SETTING", "VALUE", "BY", "CHANGED"}, rows)
			})
		},
	}
	cmd.Flags().StringVar(&group, "group", "", "what a device of this `GROUP` is to have, with where each value comes from")
	return cmd
}

func groupPolicyRows(g *wire.GroupPolicy) [][]string {
	var rows [][]string
	name := strings.Repeat("  ", g.Depth) + g.Group
	if g.Preset != "" {
		rows = append(rows, []string{name, "preset", g.Preset, "-", "-"})
	}
	for _, v := range g.Values {
		value := "left out of the preset"
		if v.Value != nil {
			value = shorten(*v.Value, 60)
		}
		rows = append(rows, []string{name, v.Name, value, v.By, minute(v.Changed)})
	}
	return rows
}

func (a *app) showGroupPolicy(g *wire.GroupPolicy) error {
	if err := facts(a.stdout, "group", g.Group, "preset", orDash(g.Preset)); err != nil {
		return err
	}
	rows := make([][]string, len(g.Merged))
	for i := range g.Merged {
		r := policyRows(g.Merged[i : i+1])[0]
		rows[i] = []string{r[0], r[1], r[3], r[4]} // no device, no state
	}
	if err := a.section([]string{"SETTING", "TO BE", "FROM", "NOTE"}, rows); err != nil {
		return err
	}
	return a.warnings(g.Warnings)
}

func newPoliciesExplain(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "explain [SETTING|PRESET]",
		Short: "Explain a setting or a preset; without one, list what there is",
		Example: "  sluice policies explain\n" +
			"  sluice policies explain AllowAutoUpdate\n" +
			"  sluice policies explain airgap",
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.onAppliance(cmd.Context(), false, func(c *client.Client) error {
				all, err := c.PolicySettings(cmd.Context())
				if err != nil {
					return err
				}
				if len(args) == 0 {
					return a.listSettings(&all)
				}
				return a.explain(&all, args[0])
			})
		},
	}
}

func (a *app) listSettings(all *wire.PolicySettings) error {
	if a.json {
		return writeJSON(a.stdout, all)
	}
	rows := make([][]string, len(all.Settings))
	for i := range all.Settings {
		s := &all.Settings[i]
		rows[i] = []string{s.Name, shorten(s.Allowed, 40), orDash(s.Default), s.Since, s.Status, shorten(s.Meaning, 70)}
	}
	if err := table(a.stdout, []string{"SETTING", "VALUES", "DEFAULT", "SINCE", "STATUS", "MEANING"}, rows); err != nil {
		return err
	}
	presets := make([][]string, len(all.Presets))
	for i := range all.Presets {
		presets[i] = []string{all.Presets[i].Name, count(len(all.Presets[i].Values), "value"), shorten(all.Presets[i].Meaning, 90)}
	}
	return a.section([]string{"PRESET", "SETS", "MEANING"}, presets)
}

func (a *app) explain(all *wire.PolicySettings, name string) error {
	for i := range all.Presets {
		if p := &all.Presets[i]; strings.EqualFold(p.Name, name) {
			return a.explainPreset(p)
		}
	}
	for i := range all.Settings {
		if s := &all.Settings[i]; strings.EqualFold(s.Name, name) {
			return a.explainSetting(s)
		}
	}
	return &ExitError{ExitUsage, fmt.Errorf("no setting or preset is called %q", name), `"sluice policies explain" lists what there is`}
}

func (a *app) explainPreset(p *wire.PolicyPreset) error {
	if a.json {
		return writeJSON(a.stdout, p)
	}
	if err := facts(a.stdout, "preset", p.Name, "meaning", p.Meaning); err != nil {
		return err
	}
	rows := make([][]string, len(p.Values))
	for i, v := range p.Values {
		rows[i] = []string{v.Name, v.Value, v.Why}
	}
	return a.section([]string{"SETTING", "VALUE", "WHY"}, rows)
}

func (a *app) explainSetting(s *wire.PolicySetting) error {
	if a.json {
		return writeJSON(a.stdout, s)
	}
	allowed := s.Allowed
	if len(s.Values) > 0 {
		allowed = "" // they have a table of their own
	}
	if err := facts(a.stdout, "setting", s.Name, "meaning", s.Meaning, "status", s.Status, "type", s.Format, "values", allowed, "default", orDash(s.Default),
		"since", s.Since, "builds", strings.Join(s.Builds, ", "), "editions", strings.Join(s.Editions, ", "), "between equal groups", s.Conflict,
		"uri", s.URI, "group policy", s.GroupPolicy, "presets", strings.Join(s.Presets, "; ")); err != nil {
		return err
	}
	values := make([][]string, len(s.Values))
	for i, v := range s.Values {
		values[i] = []string{v.Value, orDash(v.Meaning)}
	}
	if err := a.section([]string{"VALUE", "MEANING"}, values); err != nil {
		return err
	}
	doors := make([][]string, len(s.Doors))
	for i, d := range s.Doors {
		doors[i] = []string{d.Door, d.Effect}
	}
	if err := a.section([]string{"THROUGH", "EFFECT"}, doors); err != nil {
		return err
	}
	if err := a.section([]string{"TO KNOW"}, column(s.Caveats)); err != nil {
		return err
	}
	return a.section([]string{"REGISTRY, AS GROUP POLICY WRITES IT"}, column(s.Registry))
}

// column makes a table of one column.
func column(texts []string) [][]string {
	rows := make([][]string, len(texts))
	for i, t := range texts {
		rows[i] = []string{t}
	}
	return rows
}

func newPoliciesDiff(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "diff DEVICE",
		Short:   "Show where a device does not have what it is to have",
		Example: "  sluice policies diff pc17",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.onAppliance(cmd.Context(), false, func(c *client.Client) error {
				found, err := findDevice(cmd.Context(), c, args[0])
				if err != nil {
					return err
				}
				d, err := c.Device(cmd.Context(), found.ID)
				if err != nil {
					return err
				}
				if d.State != "active" && d.State != "leaving" {
					return &ExitError{ExitFailed, fmt.Errorf("%s is no longer enrolled (%s)", d.Name, d.State), "nothing is wanted of it here"}
				}
				open := []wire.DevicePolicy{}
				for _, p := range d.Policies {
					if p.State != "applied" {
						open = append(open, p)
					}
				}
				if a.json {
					return writeJSON(a.stdout, open)
				}
				if len(open) == 0 {
					return a.told("%s: has all of its %s", d.Name, count(len(d.Policies), "setting"))
				}
				return table(a.stdout, policyHead(), policyRows(open))
			})
		},
	}
}

// needPolicyGroup adds --group to a command that changes settings.
func needPolicyGroup(cmd *cobra.Command, group *string) {
	cmd.Flags().StringVar(group, "group", "", "the `GROUP` of devices, by name or id")
	cmd.PreRunE = func(cmd *cobra.Command, _ []string) error {
		if *group == "" {
			return usageError(errors.New("--group is missing"), `"sluice groups list" shows the groups; "All Computers" is every one`)
		}
		return nil
	}
}

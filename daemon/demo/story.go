package demo

import (
	"context"
	"errors"
	"fmt"

	"sluice/wsus/update"
)

// Step is one step of the story and how it went.
type Step struct {
	Name   string `json:"name"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail"` // what happened, or what went wrong
}

// Story is all steps that were taken. It ends with the first that failed.
type Story struct {
	OK    bool   `json:"ok"`
	Steps []Step `json:"steps"`
}

// play is the story under way.
type play struct {
	*Stage
	computer  computer
	desktop   managed
	approvals []update.ID // for desktops
	restarts  update.ID   // an update that wants a restart
}

// scene is one step: what it is called and what happens.
type scene struct {
	name string
	act  func(*play, context.Context) (string, error)
}

func scenes() []scene {
	return []scene{
		{"start", (*play).started},
		{"import documents", (*play).importDocuments},
		{"import package", (*play).importPackage},
		{"refuse unsigned", (*play).refuseUnsigned},
		{"create group", (*play).createGroup},
		{"register and scan", (*play).firstScan},
		{"approve", (*play).approve},
		{"wait for a file", (*play).waitForFile},
		{"decline", (*play).decline},
		{"scan", (*play).secondScan},
		{"download", (*play).download},
		{"install", (*play).install},
		{"report", (*play).report},
		{"rescan", (*play).rescan},
		{"bring the missing file", (*play).bringFile},
		{"accept a license", (*play).acceptLicense},
		{"scan, install and report again", (*play).finish},
		{"server compliance", (*play).compliance},
		{"a server does not enrol", (*play).refuseServer},
		{"create an enrollment token", (*play).createToken},
		{"refuse a wrong token", (*play).refuseToken},
		{"enrol a desktop", (*play).enrol},
		{"told where to update", (*play).told},
		{"scan where told", (*play).scanWhereTold},
		{"one machine, two doors", (*play).oneMachine},
		{"approve for desktops", (*play).approveForDesktops},
		{"refuse a bad value", (*play).refuseValue},
		{"set a policy", (*play).setPolicy},
		{"scan and poll", (*play).toldMore},
		{"install and tell", (*play).installDesktop},
		{"restart and tell", (*play).restart},
		{"idle poll", (*play).idlePoll},
		{"unenrol by the user", (*play).leftByUser},
		{"unenrol from the desk", (*play).unenrolled},
		{"desktop compliance", (*play).desktopCompliance},
		{"audit", (*play).audit},
	}
}

// Play plays the story and tells every step as it is done.
func (s *Stage) Play(ctx context.Context, tell func(Step)) Story {
	p := &play{Stage: s}
	story := Story{OK: true, Steps: []Step{}}
	for _, sc := range scenes() {
		detail, err := sc.act(p, ctx)
		step := Step{Name: sc.name, OK: err == nil, Detail: detail}
		if err != nil {
			story.OK, step.Detail = false, err.Error()
			if ctx.Err() != nil {
				step.Detail = "interrupted"
			}
		}
		tell(step)
		story.Steps = append(story.Steps, step)
		if err != nil {
			break
		}
	}
	return story
}

// expect returns an error when what the story shows did not happen.
func expect(ok bool, format string, args ...any) error {
	if ok {
		return nil
	}
	return fmt.Errorf(format, args...)
}

func (p *play) started(ctx context.Context) (string, error) {
	st, err := p.client.Status(ctx)
	if err != nil {
		return "", err
	}
	if err := expect(st.Running && st.Health != "damaged", "the appliance says of itself: running %v, health %s", st.Running, st.Health); err != nil {
		return "", err
	}
	if p.Addresses.WSUSTLS == "" || p.Addresses.WSUS == "" || p.Addresses.MDM == "" {
		return "", errors.New("the doors of computers and devices are not open")
	}
	return fmt.Sprintf("an appliance serves Windows Update Agents at %s (payload files at %s), MDM clients at %s, administrators at %s",
		p.Addresses.WSUSTLS, p.Addresses.WSUS, p.Addresses.MDM, p.Addresses.Admin), nil
}

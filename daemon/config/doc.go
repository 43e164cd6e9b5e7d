// Package config is the configuration of the appliance: the file sluice.toml,
// its defaults, the environment and the command line, checked as one.
//
// A setting is named by its key, "data_dir" or "wsus.listen". Its value is the
// last of:
//
//  1. the default, which for a few keys depends on role (see [Defaults]);
//  2. the configuration file;
//  3. the environment: SLUICE_ and the key in upper case, with an underscore
//     for the dot (SLUICE_WSUS_PLAIN_METADATA). Lists are separated by commas,
//     booleans are true or false, a variable that is set but empty is an empty
//     value;
//  4. a flag of the command line.
//
// Reading is strict. A key that does not exist, a value of the wrong kind, a
// value outside of what is allowed, and a SLUICE_ variable that names no key
// are all errors. [Load] reports every one of them at once, each as a
// [Problem] that says where it stands and what is allowed.
//
// The file that is shipped, configs/sluice.toml, holds every key with its
// default; a test keeps the two equal.
package config

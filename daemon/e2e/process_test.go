//go:build linux

package e2e_test

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// process is a running program as the kernel accounts for it.
type process struct {
	tb  testing.TB
	pid int
}

// memory returns how much of it is in memory now and how much was at most since
// the last [process.forget], in bytes.
func (p process) memory() (now, most int64) {
	p.tb.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.pid))
	if err != nil {
		p.tb.Fatal(err)
	}
	kilobytes := func(key string) int64 {
		_, rest, _ := strings.Cut(string(status), "\n"+key+":")
		rest, _, _ = strings.Cut(rest, "kB")
		n, err := strconv.ParseInt(strings.TrimSpace(rest), 10, 64)
		if err != nil {
			p.tb.Fatalf("%s of /proc/%d/status: %v", key, p.pid, err)
		}
		return n << 10
	}
	return kilobytes("VmRSS"), kilobytes("VmHWM")
}

// forget makes the most memory that was used that of now.
func (p process) forget() {
	p.tb.Helper()
	const peak = "5" // see proc_pid_clear_refs(5)
	if err := os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", p.pid), []byte(peak), 0); err != nil {
		p.tb.Fatal(err)
	}
}

// cpu returns the processor time that it used.
func (p process) cpu() time.Duration {
	p.tb.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.pid))
	if err != nil {
		p.tb.Fatal(err)
	}
	// The name, in parentheses, may hold anything; utime and stime are the 12th
	// and 13th field after it.
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	user, err1 := strconv.ParseInt(fields[11], 10, 64)
	system, err2 := strconv.ParseInt(fields[12], 10, 64)
	if err := errors.Join(err1, err2); err != nil {
		p.tb.Fatal(err)
	}
	const tick = 10 * time.Millisecond // USER_HZ is 100 everywhere
	return time.Duration(user+system) * tick
}

// mostMemory returns how much memory a process took at most.
func mostMemory(tb testing.TB, pid int) (most int64, known bool) {
	tb.Helper()
	_, most = process{tb, pid}.memory()
	return most, true
}

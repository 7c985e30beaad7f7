package servertest

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"
)

// A Usage is what a process has used since it started.
type Usage struct {
	// Memory is its current resident memory, PeakMemory the maximum since
	// [Process.ResetPeak]. In bytes.
	Memory, PeakMemory int64
	// CPU is the time of all its threads.
	CPU time.Duration
}

// Usage reads what the process has used. It needs Linux's /proc; tests ask
// [NeedUsage] first.
func (p *Process) Usage() Usage {
	p.Helper()
	status := p.proc("status")
	kilobytes := func(name string) int64 {
		_, rest, _ := strings.Cut(status, name+":")
		fields := strings.Fields(rest)
		n, err := strconv.ParseInt(fields[0], 10, 64)
		if err != nil {
			p.Fatalf("%s in %s: %v", name, status, err)
		}
		return n << 10
	}
	stat := p.proc("stat")
	fields := strings.Fields(stat[strings.LastIndexByte(stat, ')')+1:])
	var ticks int64
	for _, field := range fields[11:13] { // utime and stime
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			p.Fatalf("times in %s: %v", stat, err)
		}
		ticks += n
	}
	const tick = 10 * time.Millisecond // USER_HZ is 100 on every platform of Linux that Go has
	return Usage{Memory: kilobytes("VmRSS"), PeakMemory: kilobytes("VmHWM"), CPU: time.Duration(ticks) * tick}
}

// ResetPeak resets PeakMemory to the current memory.
func (p *Process) ResetPeak() {
	p.Helper()
	if err := os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", p.Command.Process.Pid), []byte("5"), 0o200); err != nil {
		p.Logf("the peak of memory counts from the start: %v", err)
	}
}

// NeedUsage skips a test that needs [Process.Usage] where it does not work.
func NeedUsage(tb testing.TB) {
	tb.Helper()
	if runtime.GOOS != "linux" {
		tb.Skipf("NOT RUN: %s: needs Linux, to measure the memory of a process", tb.Name())
	}
}

func (p *Process) proc(file string) string {
	p.Helper()
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", p.Command.Process.Pid, file))
	if err != nil {
		p.Fatal(err)
	}
	return string(content)
}

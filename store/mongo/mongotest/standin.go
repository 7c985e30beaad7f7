package mongotest

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"

	"github.com/gofrs/flock"

	"dialogs/dialog/dialogtest"
)

// startStandin starts the stand-in, or returns errMissing when this machine can't.
func startStandin(port int) (*process, error) {
	java, err := exec.LookPath("java")
	if err != nil {
		return nil, errMissing
	}
	root, err := dialogtest.Root()
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(root, "store", "mongo", "standin")
	target := filepath.Join(dir, "target")
	if err := buildStandin(dir, target); err != nil {
		return nil, err
	}
	classes := filepath.Join(target, "classes") + string(filepath.ListSeparator) + filepath.Join(target, "lib", "*")
	args := []string{"-Xmx1g", "-XX:+UseSerialGC", "-cp", classes}
	if isShort() {
		args = append(args, "-XX:TieredStopAtLevel=1")
	}
	cmd := exec.Command(java, append(args, "Main", strconv.Itoa(port))...)
	p, line, err := launch(cmd)
	if err != nil {
		return nil, err
	}
	if p.port, err = strconv.Atoi(line); err != nil {
		_ = p.kill()
		return nil, fmt.Errorf("the stand-in printed %q instead of its port", line)
	}
	p.uri = fmt.Sprintf("mongodb://127.0.0.1:%d/", p.port)
	return p, nil
}

// isShort reports whether the tests soon end: optimizing the stand-in would take more CPU time
// than they save with it. In benchmarks and in make test-long, it pays.
func isShort() bool {
	bench := flag.Lookup("test.bench")
	return dialogtest.Times(1, 0) == 1 && (bench == nil || bench.Value.String() == "")
}

// buildStandin builds the stand-in with Maven, unless that was done for the same
// sources before. Without Maven it returns errMissing. Test binaries of several
// packages may run it at the same time.
func buildStandin(dir, target string) error {
	want, err := digest(filepath.Join(dir, "pom.xml"), filepath.Join(dir, "Main.java"))
	if err != nil {
		return err
	}
	if err := os.MkdirAll(target, 0o750); err != nil {
		return err
	}
	lock := flock.New(filepath.Join(target, "lock"))
	if err := lock.Lock(); err != nil {
		return err
	}
	defer func() { _ = lock.Unlock() }()
	stamp := filepath.Join(target, "built")
	have, err := os.ReadFile(stamp)
	if err == nil && string(have) == want {
		return nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	mvn, err := exec.LookPath("mvn")
	if err != nil {
		return errMissing
	}
	// First without the network: faster, and enough when everything is cached.
	if _, err := maven(mvn, dir, "-o"); err != nil {
		if said, err := maven(mvn, dir); err != nil {
			return fmt.Errorf("building the stand-in: %w\n%s", err, said)
		}
	}
	return os.WriteFile(stamp, []byte(want), 0o600)
}

func maven(path, dir string, args ...string) (said string, err error) {
	cmd := exec.Command(path, append(args, "-B", "-q", "-ntp", "process-classes")...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func digest(paths ...string) (string, error) {
	sum := sha256.New()
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			return "", err
		}
		_, _ = sum.Write(text) // never fails
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

package language_test

import (
	"bufio"
	"encoding/json"
	"io"
	"os/exec"
	"testing"

	"dialogs/clients/clienttest"
)

// An oracle is a node process that judges requests by graphql-js.
type oracle struct {
	testing.TB
	in  io.WriteCloser
	out *bufio.Reader
}

// A request is what both judge. Schema is the place of its schema in the list
// given to [openOracle].
type request struct {
	Schema     int             `json:"schema"`
	Query      string          `json:"query,omitempty"`
	Variables  json.RawMessage `json:"variables,omitempty"`
	Introspect bool            `json:"introspect,omitempty"`
}

// A verdict is what graphql-js makes of a request; oracle.mjs describes it.
type verdict struct {
	Stage     string          `json:"stage"`
	Message   string          `json:"message"`
	Variables json.RawMessage `json:"variables"`
	Query     string          `json:"query"`
	Data      json.RawMessage `json:"data"`
}

// openOracle starts an oracle for schemas that are files of package oracle's
// folder.
func openOracle(t testing.TB, schemas ...string) *oracle {
	t.Helper()
	if _, err := exec.LookPath("npm"); err != nil {
		clienttest.NotRun(t, "comparison with graphql-js", "npm")
	}
	clienttest.Install(t, "oracle")
	cmd := exec.CommandContext(t.Context(), "node", append([]string{"oracle.mjs"}, schemas...)...)
	cmd.Dir = "oracle"
	cmd.Stderr = t.Output()
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		_ = cmd.Wait() // killed when the test's context ended first
	})
	return &oracle{TB: t, in: in, out: bufio.NewReader(out)}
}

// judge sends a batch of requests and reads the verdicts.
func (o *oracle) judge(requests []request) []verdict {
	o.Helper()
	line, err := json.Marshal(requests)
	if err != nil {
		o.Fatal(err)
	}
	if _, err := o.in.Write(append(line, '\n')); err != nil {
		o.Fatalf("writing to the oracle: %v", err)
	}
	answer, err := o.out.ReadBytes('\n')
	if err != nil {
		o.Fatalf("reading from the oracle: %v", err)
	}
	var verdicts []verdict
	if err := json.Unmarshal(answer, &verdicts); err != nil || len(verdicts) != len(requests) {
		o.Fatalf("the oracle answered %.200s: %v", answer, err)
	}
	return verdicts
}

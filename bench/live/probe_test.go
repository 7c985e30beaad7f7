package live_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"time"
)

// A probe measures answers to somebody else, in a process of its own: in the generator's, its
// requests would wait behind those of thousands of clients.
const (
	probeURL   = "LIVE_PROBE_URL"
	probeToken = "LIVE_PROBE_TOKEN"
	probeEvery = 20 * time.Millisecond
)

// probe measures while something happens.
func (l *load) probe(s *server, meanwhile func()) (answers sample) {
	l.Helper()
	child := exec.CommandContext(l.Context(), os.Args[0])
	child.Env = append(os.Environ(), probeURL+"="+s.URL+"/graphql", probeToken+"="+s.token("other"))
	child.Stderr = os.Stderr
	var out bytes.Buffer
	child.Stdout = &out
	stop, err := child.StdinPipe()
	if err == nil {
		err = child.Start()
	}
	if err != nil {
		l.Fatal(err)
	}
	meanwhile()
	if err := errors.Join(stop.Close(), child.Wait()); err != nil {
		l.Fatal(err)
	}
	if err := json.Unmarshal(out.Bytes(), &answers); err != nil {
		l.Fatal(err)
	}
	return answers
}

// probing asks until its input ends, and then writes how long each answer took.
func probing(in io.Reader, out io.Writer) (exitCode int) {
	done := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, in)
		close(done)
	}()
	var answers sample
	next := time.NewTicker(probeEvery)
	defer next.Stop()
	for {
		start := time.Now()
		if err := ask(os.Getenv(probeURL), os.Getenv(probeToken)); err != nil {
			fmt.Fprintln(os.Stderr, "asking:", err)
			return 1
		}
		answers = append(answers, time.Since(start))
		select {
		case <-done:
			if json.NewEncoder(out).Encode(answers) != nil {
				return 1
			}
			return 0
		case <-next.C:
		}
	}
}

func ask(url, token string) error {
	r, err := http.NewRequest(http.MethodPost, url, bytes.NewReader([]byte(`{"query":"{ dialogs { totalCount } }"}`)))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("QB-Token", token)
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err == nil && (response.StatusCode != http.StatusOK || bytes.Contains(body, []byte(`"errors"`))) {
		err = fmt.Errorf("status %d: %s", response.StatusCode, body)
	}
	return err
}

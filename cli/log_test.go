package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

// TestLogCharacters logs characters that would change how a terminal shows a line.
func TestLogCharacters(t *testing.T) {
	nasty := []rune{0, '\t', '\n', '\r', 0x1b, 0x7f, 0x80, 0x85, 0x9b, 0x9f, 0x061c, 0x200e, 0x200f, 0x2028, 0x2029, 0x202a, 0x202e, 0x2066, 0x2069}
	for _, format := range []string{"text", "json"} {
		for _, r := range nasty {
			var out bytes.Buffer
			log, lines := newLogger(format, slog.LevelInfo, &out)
			log.Info("a"+string(r), "value", "b"+string(r), "list", []string{"c" + string(r)}, "error", errors.New("d"+string(r)))
			log.Info("harmless", "name", "Zoë שלום 日本")
			lines.close()
			first, second, _ := strings.Cut(out.String(), "\n")
			if strings.ContainsRune(first, r) {
				t.Errorf("%s: the line has U+%04X: %q", format, r, first)
			}
			if !strings.Contains(second, "Zoë שלום 日本") || strings.Count(out.String(), "\n") != 2 {
				t.Errorf("%s: got %q", format, out.String())
			}
			if format == "json" {
				var record map[string]any
				if err := json.Unmarshal([]byte(first), &record); err != nil || record["value"] != "b"+string(r) {
					t.Errorf("U+%04X: got %q, %v", r, record["value"], err)
				}
			}
		}
	}
}

// stuck is a log that nobody reads until it is released, and then one that fails.
type stuck struct{ release chan struct{} }

func (s stuck) Write([]byte) (int, error) {
	<-s.release
	return 0, errors.New("broken pipe")
}

// TestLogStuck logs more lines than fit to a reader who does not read.
func TestLogStuck(t *testing.T) {
	to := stuck{make(chan struct{})}
	log, lines := newLogger("text", slog.LevelInfo, to)
	for n := range 2 * linesWaiting {
		log.Info(fmt.Sprint(n))
	}
	const written = int64(batchBytes / len("level=INFO")) // at most, at the time
	if dropped := lines.dropped.Load(); dropped < linesWaiting-written {
		t.Errorf("%d lines were dropped, want at least %d", dropped, linesWaiting-written)
	}
	close(to.release)
	lines.close()
	log.Info("after the end")
}

// slow is a log whose reader pauses after the first line.
type slow struct {
	bytes.Buffer
	started, resume chan struct{}
}

func (s *slow) Write(line []byte) (int, error) {
	if s.started != nil {
		close(s.started)
		s.started = nil
		<-s.resume
	}
	return s.Buffer.Write(line)
}

// TestLogDropped reads again after a pause: the log says how much is missing.
func TestLogDropped(t *testing.T) {
	to := &slow{started: make(chan struct{}), resume: make(chan struct{})}
	started := to.started
	log, lines := newLogger("text", slog.LevelInfo, to)
	log.Info("first")
	<-started
	for range linesWaiting + 3 {
		log.Info("more")
	}
	close(to.resume)
	lines.close()
	if !strings.Contains(to.String(), `level=WARN msg="log lines dropped: their reader is too slow" count=3`) {
		t.Errorf("the log does not say that lines are missing: %.300s", to.String())
	}
}

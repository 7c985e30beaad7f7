package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"strings"
	"testing"
	"time"

	"dialogs/api"
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
	lines.mu.Lock()
	dropped := lines.dropped
	lines.mu.Unlock()
	if dropped < linesWaiting-written {
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

// TestLogBacklog: when many lines wait, they are taken without a copy, which callers who log
// would wait for, and still count until they are being written.
func TestLogBacklog(t *testing.T) {
	lines := &logLines{ready: make(chan struct{}, 1)}
	add := func() { _, _ = lines.Write([]byte(strings.Repeat("x", 400) + "\n")) }
	for range linesWaiting {
		add()
	}
	waiting := lines.waiting
	batch, _ := lines.take(nil)
	if len(batch) != len(waiting) || &batch[0] != &waiting[0] {
		t.Error("the lines were copied")
	}
	if add(); lines.dropped != 1 {
		t.Error("lines that were taken do not count")
	}
	part := firstLines(batch)
	if len(part) > batchBytes || len(part) < batchBytes-401 || part[len(part)-1] != '\n' {
		t.Errorf("%d bytes are written at once", len(part))
	}
	lines.begin(part)
	for range 2 * linesWaiting {
		add()
	}
	if got, want := bytes.Count(lines.waiting, []byte{'\n'}), bytes.Count(part, []byte{'\n'}); got != want {
		t.Errorf("there was room for %d lines, want %d", got, want)
	}
}

// TestJSONLines compares lines with those of [slog.JSONHandler]: of records with plain
// values, with values that need escapes or another form, and with attributes of the logger.
func TestJSONLines(t *testing.T) {
	values := []any{
		"plain", "", "a <b> & 'c'", "quoted \"x\"", `back\slash`, "tab\t", "Zoë", "\u2028", "\x7f", "bad \xff", 0, -7, int64(math.MaxInt64), uint(7),
		0.25, 0.0, math.Copysign(0, -1), 1e-7, 1e-6, 123456.789, 1e20, 1e21, -3.5, math.NaN(), math.Inf(1), true, false, nil,
		[]string{"a", "b"},
		[]string{},
		[]string(nil),
		[]string{"a\n"},
		time.Second, time.Unix(1, 2).UTC(), errors.New("failed"), slog.GroupValue(slog.Int("inner", 1)),
		slog.GroupValue(), api.Forbidden,
		map[string]int{"a": 1},
		slog.LevelWarn,
		struct{ A int }{1},
	}
	zone := time.FixedZone("", -5400)
	for i, value := range values {
		for _, at := range []time.Time{time.Unix(1_700_000_000, 120_000_000).UTC(), time.Unix(1_700_000_000, 0).In(zone), {}, time.Date(10_000, 1, 1, 0, 0, 0, 0, time.UTC)} {
			var got, want bytes.Buffer
			for j, with := range []func(slog.Handler) slog.Handler{
				func(h slog.Handler) slog.Handler { return h },
				func(h slog.Handler) slog.Handler { return h.WithAttrs([]slog.Attr{slog.Any("own", value)}) },
				func(h slog.Handler) slog.Handler { return h.WithGroup("group") },
			} {
				r := slog.NewRecord(at, slog.LevelInfo+slog.Level(i%3), "message "+fmt.Sprint(j), 0)
				r.AddAttrs(slog.String("first", "x"), slog.Any("value", value), slog.Attr{}, slog.Any("key\"", 1))
				if j == 0 {
					r = slog.NewRecord(at, slog.LevelInfo, "message", 0)
					r.AddAttrs(slog.String("first", "x"), slog.Any("value", value))
				}
				if err := with(newJSONHandler(&got, nil)).Handle(t.Context(), r); err != nil {
					t.Fatal(err)
				}
				if err := with(slog.NewJSONHandler(&want, nil)).Handle(t.Context(), r); err != nil {
					t.Fatal(err)
				}
			}
			if got.String() != want.String() {
				t.Errorf("%#v at %s:\n got %s\nwant %s", value, at, got.String(), want.String())
			}
		}
	}
}

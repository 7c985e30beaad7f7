package cli

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// lineEvery is how often progress is printed without a terminal.
const lineEvery = 10 * time.Second

// A progress shows how far a long command is: as a bar on a terminal, otherwise
// as a line from time to time.
type progress struct {
	out  io.Writer
	what string
	bar  *progressbar.ProgressBar // nil without a terminal
	now  func() time.Time
	last time.Time
}

func newProgress(out io.Writer, what string, now func() time.Time) *progress {
	p := &progress{out: out, what: what, now: now, last: now()}
	if file, ok := out.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		p.bar = progressbar.NewOptions(-1,
			progressbar.OptionSetWriter(out), progressbar.OptionSetDescription(what), progressbar.OptionShowCount(),
			progressbar.OptionShowIts(), progressbar.OptionSetItsString(what), progressbar.OptionThrottle(100*time.Millisecond),
			progressbar.OptionClearOnFinish())
	}
	return p
}

// at reports how many of how many are done. A total of 0 means unknown.
func (p *progress) at(done, total int) {
	if p.bar != nil {
		if total > 0 {
			p.bar.ChangeMax(total)
		}
		_ = p.bar.Set(done) // a failure to draw the bar is ignored
		return
	}
	if p.now().Sub(p.last) < lineEvery && done != total {
		return
	}
	p.last = p.now()
	if total > 0 {
		_, _ = fmt.Fprintf(p.out, "%s: %d of %d\n", p.what, done, total)
	} else {
		_, _ = fmt.Fprintf(p.out, "%s: %d\n", p.what, done)
	}
}

// end clears the bar away.
func (p *progress) end() {
	if p.bar != nil {
		_ = p.bar.Finish()
	}
}

package cli

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"syscall"

	"dialogs/dialog"
)

// An output is the standard output of the program. It keeps the first error of writing,
// so that no command ends well whose output is incomplete, whoever wrote it: help and
// completion scripts are written by cobra, which ignores errors.
type output struct {
	to  io.Writer
	err error
}

// Write writes, unless writing has failed before.
func (o *output) Write(p []byte) (n int, err error) {
	if o.err != nil {
		return 0, o.err
	}
	if n, err = o.to.Write(p); err != nil {
		if path, ok := errors.AsType[*fs.PathError](err); ok {
			err = path.Err
		}
		o.err = fmt.Errorf("writing the output failed: %w", err)
	}
	return n, o.err
}

// failed is the error of writing. A reader that needs no more, as head does, is none.
func (o *output) failed() error {
	if errors.Is(o.err, syscall.EPIPE) {
		return nil
	}
	return o.err
}

// dialogsOf is a number of dialogs.
func dialogsOf(n int) string { return dialog.Counted(n, "dialog", "dialogs") }

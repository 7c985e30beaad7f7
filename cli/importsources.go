package cli

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"

	"dialogs/dialog"
	"dialogs/quickblox"
	"dialogs/transfer"
)

// sources are files and standard input, one after another.
type sources struct {
	names []string // not opened yet
	stdin io.Reader

	name    string
	file    io.Closer
	reader  dialogReader
	classes []dialog.Class // of exports
	told    atomic.Int64   // the largest total so far
	ahead   []readDialog
}

// A dialogReader reads the dialogs of one file.
type dialogReader interface {
	Next() (dialog.Foreign, error)
}

// newReader tells an export of this program from answers of QuickBlox.
func newReader(file io.Reader) dialogReader {
	buffered := bufio.NewReader(file)
	if begin, _ := buffered.Peek(len(transfer.ExportBegins)); string(begin) == transfer.ExportBegins {
		return transfer.NewExportReader(buffered)
	}
	return quickblox.NewReader(buffered)
}

// Classes returns the classes of exports that were read since the last call.
func (s *sources) Classes() []dialog.Class {
	classes := s.classes
	s.classes = nil
	return classes
}

// A readDialog is what a source gave: a dialog, or why it has none.
type readDialog struct {
	dialog dialog.Foreign
	err    error
}

// mostAhead is how many invalid dialogs are read ahead of the first valid one.
const mostAhead = 1000

// readAhead reads up to the first valid dialog, which Next then returns like those
// before it. found is false when the sources have none.
func (s *sources) readAhead() (found bool, err error) {
	for len(s.ahead) < mostAhead {
		f, err := s.read()
		if errors.Is(err, io.EOF) {
			return false, nil
		}
		if err != nil && !dialog.IsCode(err, dialog.Invalid) {
			return false, err
		}
		s.ahead = append(s.ahead, readDialog{f, err})
		if err == nil {
			break
		}
	}
	return true, nil
}

// newSources fails for a name that cannot be read.
func newSources(args []string, stdin io.Reader) (*sources, error) {
	if len(args) == 0 {
		args = []string{"-"}
	}
	for _, name := range args {
		if name == "-" {
			continue
		}
		if _, err := os.Stat(name); err != nil {
			return nil, inputError(err)
		}
	}
	return &sources{names: args, stdin: stdin}, nil
}

// Next returns the next dialog of all of them.
func (s *sources) Next() (dialog.Foreign, error) {
	if len(s.ahead) > 0 {
		first := s.ahead[0]
		s.ahead = s.ahead[1:]
		return first.dialog, first.err
	}
	return s.read()
}

func (s *sources) read() (dialog.Foreign, error) {
	for {
		if s.reader == nil {
			if len(s.names) == 0 {
				return dialog.Foreign{}, io.EOF
			}
			if err := s.open(); err != nil {
				return dialog.Foreign{}, err
			}
			continue
		}
		f, err := s.reader.Next()
		if e, ok := s.reader.(transfer.ClassSource); ok {
			s.classes = append(s.classes, e.Classes()...)
		}
		if t, ok := s.reader.(interface{ Total() int }); ok {
			s.told.Store(max(s.told.Load(), int64(t.Total())))
		}
		switch {
		case err == nil, dialog.IsCode(err, dialog.Invalid):
			return f, err
		case !errors.Is(err, io.EOF):
			return f, fmt.Errorf("%s: %w", s.name, err)
		}
		if err := s.close(); err != nil {
			return f, err
		}
	}
}

// open opens the next name; of a directory, it takes the files into the names.
func (s *sources) open() error {
	s.name, s.names = s.names[0], s.names[1:]
	if s.name == "-" {
		s.reader = newReader(s.stdin)
		return nil
	}
	entries, err := os.ReadDir(s.name) // in the order of their names
	if err == nil {
		var files []string
		for _, entry := range entries {
			if slices.Contains([]string{".json", ".jsonl", ".ndjson"}, filepath.Ext(entry.Name())) && !entry.IsDir() {
				files = append(files, filepath.Join(s.name, entry.Name()))
			}
		}
		if len(files) == 0 {
			return fmt.Errorf("%s: the directory has no files that end in .json, .jsonl or .ndjson", s.name)
		}
		s.names = append(files, s.names...)
		return nil
	}
	file, err := os.Open(s.name)
	if err != nil {
		return inputError(err)
	}
	s.file, s.reader = file, newReader(file)
	return nil
}

func (s *sources) close() error {
	s.reader = nil
	if s.file == nil {
		return nil
	}
	err := s.file.Close()
	s.file = nil
	return err
}

// total is the number of dialogs, if the sources say it; else 0. It may be called
// while Next is.
func (s *sources) total(done int) int {
	told := int(s.told.Load())
	if done > told { // they only know their own part
		return 0
	}
	return told
}

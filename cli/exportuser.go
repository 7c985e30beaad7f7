package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"dialogs/dialog"
	"dialogs/transfer"
)

// exportUser writes everything that is kept about a user to a new file, or to standard
// output. A file that can't be completed is removed.
func (p *program) exportUser(ctx context.Context, st dialog.Store, user dialog.UserID, path string) (err error) {
	if path == "-" {
		to := bufio.NewWriter(p.stdout)
		_, err := transfer.ExportUser(ctx, st, user, to)
		return errors.Join(err, to.Flush())
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, os.ErrExist) {
		return fmt.Errorf("%s exists already: choose another name, or remove it first", path)
	}
	if err != nil {
		return outputError("FILE", filepath.Dir(path), err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(path))
		}
	}()
	to := bufio.NewWriter(file)
	dialogs, err := transfer.ExportUser(ctx, st, user, to)
	if err := errors.Join(err, to.Flush(), file.Sync(), file.Close()); err != nil {
		return err
	}
	_, err = fmt.Fprintf(p.stdout, "Exported %s of %s to %s.\n", dialogsOf(dialogs), visible(string(user)), path)
	return err
}

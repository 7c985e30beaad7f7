package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"

	"github.com/spf13/cobra"

	"dialogs/store"
	"dialogs/transfer"
)

func (p *program) restoreCommand() *cobra.Command {
	return p.storeCommand(&cobra.Command{
		Use: "restore FILE", Short: "Restore a backup into a new embedded store",
		Long: `Restores a backup that "dialogs backup" made into the directory of --store, which
must not exist or be empty. It checks the checksums of the backup first. To go
back to a backup, stop the server, move its directory away, restore, and start the
server again; sessions and API keys are valid again as they were.

A restore that fails leaves nothing behind. One that was killed leaves either no
store or all of it: run it again.`,
		Example: "  dialogs restore /backups/dialogs-2026-01-31.tar --store ./data",
		Args:    cobra.ExactArgs(1),
	}, func(ctx context.Context, s *storeSettings, args []string) error {
		if !s.embedded() {
			return errors.New("a MongoDB store is restored with MongoDB's own tools: run mongorestore")
		}
		return p.restore(ctx, s.address, args[0])
	})
}

func (p *program) restore(ctx context.Context, dir, path string) (err error) {
	file, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	var manifest transfer.Manifest
	dialogs, err := store.Restore(ctx, dir, func(dir string) (err error) {
		manifest, err = transfer.Unpack(ctx, file, dir, store.DatabaseFile, secretFile)
		if err == nil && !manifest.Has(store.DatabaseFile) {
			err = errors.New("the backup is damaged: it has no database")
		}
		return err
	})
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return fmt.Errorf("--store: the disk of %s is full: the backup needs as much space as its own size", dir)
	}
	if err != nil {
		return err
	}
	note := ""
	if !manifest.Has(secretFile) {
		note = " It had no secret: start the server with the --secret of the time of the backup, or everyone has to sign in again."
	}
	_, err = fmt.Fprintf(p.stdout, "%d dialogs of %s are restored in %s, as they were at %s.%s\n",
		dialogs, path, dir, manifest.CreatedAt.Format("2006-01-02 15:04:05 UTC"), note)
	return err
}

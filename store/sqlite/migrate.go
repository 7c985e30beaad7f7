package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
)

// migrations are applied in the order of their names, and never change after
// their release. The database's user_version is the number of those applied.
//
//go:embed migrations/*.sql
var migrations embed.FS

// migrate brings the database to the newest schema, in one transaction that other
// processes wait for. A database with a newer schema is an error.
func migrate(ctx context.Context, conn *sql.Conn) error {
	scripts, err := fs.Glob(migrations, "migrations/*.sql") // sorted
	if err != nil {
		return err
	}
	if _, err := conn.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		return err
	}
	if err := applyNew(ctx, conn, scripts); err != nil {
		_, _ = conn.ExecContext(context.WithoutCancel(ctx), "ROLLBACK") // err is the one to report
		return err
	}
	_, err = conn.ExecContext(ctx, "COMMIT")
	return err
}

func applyNew(ctx context.Context, conn *sql.Conn, scripts []string) error {
	var version int
	if err := conn.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return err
	}
	if version > len(scripts) {
		return newerSchema(version, len(scripts))
	}
	if version == len(scripts) {
		return nil
	}
	for _, name := range scripts[version:] {
		script, err := migrations.ReadFile(name)
		if err != nil {
			return err
		}
		if _, err := conn.ExecContext(ctx, string(script)); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	_, err := conn.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version = %d", len(scripts)))
	return err
}

func newerSchema(version, known int) error {
	return fmt.Errorf("the database was written by a newer version of this program (schema %d, known up to %d): update the program", version, known)
}

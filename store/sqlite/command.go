package sqlite

import (
	"context"
	"database/sql/driver"
	"errors"
)

// A command is a prepared statement of the writer that returns no rows. It is executed by
// the driver, without the locks and checks of database/sql: only the writer uses its
// connection.
type command struct {
	statement driver.Stmt
	execute   driver.StmtExecContext
}

// command returns the prepared statement of a command, and keeps it.
func (w *writer) command(query string) (c command, err error) {
	if c, ok := w.commands[query]; ok {
		return c, nil
	}
	err = w.conn.Raw(func(conn any) (err error) {
		prepare, ok := conn.(driver.ConnPrepareContext)
		if !ok {
			return errors.ErrUnsupported
		}
		if c.statement, err = prepare.PrepareContext(context.Background(), query); err != nil {
			return err
		}
		if c.execute, ok = c.statement.(driver.StmtExecContext); !ok {
			return errors.Join(errors.ErrUnsupported, c.statement.Close())
		}
		return nil
	})
	if err == nil {
		w.commands[query] = c
	}
	return c, err
}

func (c command) exec(args []any) (driver.Result, error) {
	values := make([]driver.NamedValue, len(args))
	for i, arg := range args {
		value, err := valueOf(arg)
		if err != nil {
			return nil, err
		}
		values[i] = driver.NamedValue{Ordinal: i + 1, Value: value}
	}
	return c.execute.ExecContext(context.Background(), values)
}

// valueOf is an argument as the driver takes it.
func valueOf(arg any) (driver.Value, error) {
	switch arg := arg.(type) {
	case int64, string, bool, []byte:
		return arg, nil
	case int:
		return int64(arg), nil
	}
	return driver.DefaultParameterConverter.ConvertValue(arg)
}

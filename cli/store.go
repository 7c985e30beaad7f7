package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"dialogs/dialog"
	"dialogs/store"
)

// storeSettings are the settings of every command that works with a store.
type storeSettings struct {
	address, addressFile string
	options              store.Options

	flag *pflag.Flag // --store
}

func (s *storeSettings) bind(fs *pflag.FlagSet) {
	s.address = "./data"
	fs.StringVar(&s.address, "store", s.address, "directory of the embedded store, or a mongodb:// or mongodb+srv:// URI with the name of the database")
	s.flag = fs.Lookup("store")
	fs.StringVar(&s.addressFile, "store-file", "", "file that contains the value of --store, for a URI with a password")
	s.bindOptions(fs)
}

func (s *storeSettings) bindOptions(fs *pflag.FlagSet) {
	s.options.Timeout = 5 * time.Second
	fs.Var(period(&s.options.Timeout, time.Millisecond), "store-timeout", "maximum time for one call to the store")
	fs.Var(whole(&s.options.MongoMaxPool, 0, math.MaxInt32), "mongo-pool-max", "maximum number of connections to each MongoDB server; 0 = value from the URI, or 100")
	fs.Var(whole(&s.options.MongoMinPool, 0, math.MaxInt32), "mongo-pool-min", "minimum number of connections kept open to each MongoDB server; 0 = value from the URI, or none")
}

// validate reads the address from its file, if one was given, and refuses an
// address that no engine has.
func (s *storeSettings) validate() error {
	if s.addressFile != "" {
		if s.flag.Changed {
			return errTogether(named("store"), named("store-file"))
		}
		text, err := readSetting("store-file", s.addressFile)
		if err != nil {
			return err
		}
		s.address = text
	}
	return checkAddress("store", s.address)
}

// checkAddress refuses an address that no engine has, and a file in the place
// of an embedded store's directory.
func checkAddress(flag, address string) error {
	switch {
	case address == "":
		return fmt.Errorf("%s is required: a directory or a MongoDB URI", storeFlag(flag))
	case store.KindOf(address) == store.Unknown: // it may have a password, so that it is not repeated
		return fmt.Errorf("%s must be a directory, or a URI that starts with mongodb:// or mongodb+srv://", storeFlag(flag))
	}
	return storeError(flag, address, store.Check(address, secretFile, developmentKeyFile))
}

// storeFlag is the name of a flag with a store's address, for errors. Those of
// migrate are not settings.
func storeFlag(flag string) string {
	if flag == "store" {
		return named(flag)
	}
	return "--" + flag
}

// embedded reports whether the store is a directory of this machine.
func (s *storeSettings) embedded() bool { return store.KindOf(s.address) == store.Embedded }

// name says where the data is, without credentials.
func (s *storeSettings) name() string {
	if s.embedded() {
		return s.address
	}
	p, _ := placeOf(s.address)
	return p.scheme + "://" + p.where
}

// where is name for the log: the directory, or the hosts.
func (s *storeSettings) where() slog.Attr {
	if s.embedded() {
		return slog.String("directory", s.address)
	}
	_, rest, _ := strings.Cut(s.name(), "://")
	hosts, _, _ := strings.Cut(rest, "/")
	return slog.String("host", hosts)
}

// open opens the store, and creates an embedded one that is not there.
func (s *storeSettings) open(ctx context.Context, log *slog.Logger) (dialog.Store, error) {
	return s.openAt(ctx, "store", s.address, log)
}

// openExisting opens the store, but does not create one: a directory without a
// store is probably a typing error.
func (s *storeSettings) openExisting(ctx context.Context) (dialog.Store, error) {
	return s.openExistingAt(ctx, "store", s.address)
}

// mustExist is an error when there is no store.
func (s *storeSettings) mustExist() error { return mustExist("store", s.address) }

func mustExist(flag, address string) error {
	exists, err := store.Exists(address)
	if err != nil {
		return storeError(flag, address, err)
	}
	if !exists {
		return fmt.Errorf("%s: no store in %s", storeFlag(flag), address)
	}
	return nil
}

func (s *storeSettings) openExistingAt(ctx context.Context, flag, address string) (dialog.Store, error) {
	if err := mustExist(flag, address); err != nil {
		return nil, err
	}
	return s.openAt(ctx, flag, address, nil)
}

func (s *storeSettings) openAt(ctx context.Context, flag, address string, log *slog.Logger) (dialog.Store, error) {
	options := s.options
	options.Log = log
	st, err := store.Open(ctx, address, options)
	if err != nil {
		return nil, storeError(flag, address, err)
	}
	return st, nil
}

// with runs one command on a store and closes it.
func with(st dialog.Store, err error, do func(dialog.Store) error) error {
	if err != nil {
		return err
	}
	return errors.Join(do(st), st.Close())
}

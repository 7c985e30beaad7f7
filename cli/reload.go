package cli

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/pflag"

	"dialogs/edge"
)

// levelSettings are the settings of the log level.
type levelSettings struct {
	text, file string
	flag       *pflag.Flag // --log-level
}

func (s *levelSettings) bind(fs *pflag.FlagSet) {
	s.text = "info"
	fs.Var(logLevel(&s.text), "log-level", "lowest level to log: debug, info, warn or error")
	s.flag = fs.Lookup("log-level")
	fs.StringVar(&s.file, "log-level-file", "", "file that contains the value of --log-level; read again at SIGHUP")
}

func logLevel(to *string) pflag.Value { return oneOf(to, "debug", "info", "warn", "error") }

// read is the level as it is set now.
func (s *levelSettings) read() (level slog.Level, err error) {
	text := s.text
	if s.file != "" {
		if s.flag.Changed {
			return 0, errTogether(named("log-level"), named("log-level-file"))
		}
		if text, err = readSetting("log-level-file", s.file); err != nil {
			return 0, err
		}
		if err := logLevel(new(string)).Set(text); err != nil {
			return 0, fmt.Errorf("%s %q: %w", named("log-level-file"), shown(text), err)
		}
	}
	return level, level.UnmarshalText([]byte(text))
}

// ignoreHangups keeps the process running when the reader of its output or its
// terminal goes away. hangups gets each SIGHUP, which asks for a reload.
func ignoreHangups() (hangups <-chan os.Signal, stop func()) {
	signal.Ignore(syscall.SIGPIPE)
	received := make(chan os.Signal, 1)
	signal.Notify(received, syscall.SIGHUP)
	return received, func() { signal.Stop(received) }
}

// reload reads again everything that can change while the server runs, and logs
// what it has reloaded. If a new value cannot be used, the previous one stays.
func (s *settings) reload(p parts, certificate *edge.Certificate, level *slog.LevelVar) {
	done := []string{}
	for _, part := range []struct {
		setting string
		used    bool
		read    func() error
	}{
		{"log-level-file", s.level.file != "", func() error {
			read, err := s.level.read()
			if err == nil {
				level.Set(read)
			}
			return err
		}},
		{"tls-cert", certificate != nil, func() error { return certificate.Reload() }},
		{"trusted-documents", p.trusted != nil, func() error { return p.trusted.Reload() }},
		{"secret-file", s.secret.file != "", func() error { return s.reloadSecret(p) }},
	} {
		if !part.used {
			continue
		}
		if err := part.read(); err != nil {
			p.log.Error("not reloaded: the previous value stays in use", "setting", "--"+part.setting, "error", err)
			continue
		}
		done = append(done, "--"+part.setting)
	}
	p.log.Info("reloaded", "settings", done)
}

// reloadSecret makes session tokens invalid that none of the new secrets signed, and
// encrypts the secrets of webhooks with the first of them.
func (s *settings) reloadSecret(p parts) error {
	secrets, err := s.secret.given()
	if err != nil {
		return err
	}
	return errors.Join(p.authenticator.SetSecrets(secrets), p.minter.SetSecrets(secrets), p.sender.SetSecrets(secrets))
}

package live_test

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"sync"
)

var profiles = flag.String("profiles", "", "write a CPU and a heap profile of the server for each part into this directory; taking them slows the server down")

// profiled takes a CPU profile of the server for as long as the load lasts, while something
// happens, and then a heap profile, if profiles are wanted.
func (l *load) profiled(s *server, name string, run func()) {
	l.Helper()
	if *profiles == "" {
		run()
		return
	}
	from := "http://" + s.Stderr.Await(l, `serving operators"?[, ]"?address"?[:=]"?([^\s",]+)`) + "/debug/pprof/"
	take := func(what, kind string) {
		if err := download(l.Context(), from+what, filepath.Join(*profiles, name+kind+".pprof")); err != nil {
			l.Errorf("taking a profile: %v", err)
		}
	}
	var taking sync.WaitGroup
	taking.Go(func() { take(fmt.Sprintf("profile?seconds=%d", int(l.during.Seconds())), "") })
	run()
	taking.Wait()
	take("heap?gc=1", ".heap")
}

func download(ctx context.Context, url, path string) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return err
	}
	response, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	return os.WriteFile(path, content, 0o600)
}

package cli

import (
	"fmt"
	"log/slog"
	"runtime"

	"dialogs/edge"
	"dialogs/store"
)

const (
	// mostConnections and mostWithTLS are the most that is chosen automatically, so that
	// all of them take at most 38 MB: each takes 14 to 39 KB, and with TLS 48 to 88 KB,
	// as measured. The most is what one of HTTP/2 takes with a request.
	mostConnections = 768
	mostWithTLS     = 430
	// fewestConnections is what a server needs to be of use.
	fewestConnections = 8
	// filesOfProcess are what the process has open beside connections and its
	// store: standard streams, the listener, the poller, certificates and
	// documents that are read, the request for a JWKS.
	filesOfProcess = 12
	// filesOfMongo are the connections that the driver watches servers with.
	filesOfMongo = 16
	// mongoPool is the driver's own limit of connections.
	mongoPool = 100
)

// connections bounds them by the settings, below the limit of open files.
func (s *settings) connections(log *slog.Logger) (*edge.Connections, error) {
	most, perAddress := s.maxConnections, s.maxConnectionsPerAddress
	chosen := mostConnections
	if s.tlsCert != "" {
		chosen = mostWithTLS
	}
	if files, limited := openFiles(); limited {
		room := files - s.filesBeside()
		switch {
		case room < fewestConnections:
			return nil, fmt.Errorf("the limit of open files (%d) is too low: raise it to at least %d (ulimit -n, LimitNOFILE= in systemd)",
				files, files-room+fewestConnections)
		case most > room:
			return nil, fmt.Errorf("%s %d: the limit of open files (%d) leaves room for %d: raise it (ulimit -n, LimitNOFILE= in systemd)",
				named("max-connections"), most, files, max(0, room))
		case most == 0:
			most = min(room, chosen)
		}
	}
	if most == 0 {
		most = chosen
	}
	if perAddress == 0 {
		perAddress = max(1, most/2)
	}
	return &edge.Connections{Most: most, MostPerAddress: perAddress, Exempt: s.trustedProxies, Log: log}, nil
}

// filesBeside is how many files may be open beside the clients' connections.
func (s *settings) filesBeside() int {
	files := filesOfProcess + edge.OpenFilesBeside
	if store.KindOf(s.store.address) == store.Embedded {
		// The writer's two connections and those that read: each has the database
		// and its log open, and all of them the lock and the index of the log.
		return files + 2*(2+max(4, runtime.GOMAXPROCS(0))) + 2
	}
	pool := mongoPool
	if s.store.options.MongoMaxPool > 0 {
		pool = int(min(s.store.options.MongoMaxPool, 1<<20))
	}
	return files + pool + filesOfMongo
}

// Package mongotest provides a MongoDB for tests: the server in the environment
// variable MONGODB_URI, or else a mongod on PATH (as a replica set of one), or
// else the stand-in in store/mongo/standin, which Maven builds and java runs.
// Without any of them, a test is skipped with a line that says what to do. When
// CI is set to true, it fails instead.
//
// The servers that it starts listen on the loopback interface, on a port from the
// system. They end with the test binary, even when that is killed.
package mongotest

// Package mongotest gives tests a MongoDB: the real server that the
// environment variable MONGODB_URI names, else a mongod on PATH (as a replica
// set of one), else the stand-in of the folder store/mongo/standin, which
// Maven fetches and java runs. Where there is none of them a test is skipped
// with a line that says what to do, except when CI is set to true: there it
// fails.
//
// What it starts listens on the loopback interface, on a port from the system,
// and ends with the test binary, even when that is killed.
package mongotest

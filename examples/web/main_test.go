package web_test

import (
	"testing"

	"dialogs/servertest"
)

func TestMain(m *testing.M) { servertest.Main(m) }

package storetest

import "testing"

// Run runs the whole suite on an engine. newDatabase makes a database, apart
// from all others, for each test; it may use the test's Cleanup and TempDir.
// There are no options: a test that an engine fails is a fault of the engine.
func Run(t *testing.T, newDatabase func(t testing.TB) Database) {
	for _, test := range []struct {
		name string
		run  func(e *env)
	}{
		{"what is stored is returned", testFaithful},
		{"instants", testInstants},
		{"empty is absent", testEmpty},
		{"a missing dialog", testMissing},
		{"an instance sees what others did", testInstances},
		{"ids are bytes", testIDs},
		{"names and photos are bytes", testTexts},
		{"custom values", testCustomValues},
		{"big dialogs", testBig},

		{"the decision table", testTable},
		{"lists show what may be seen", testSeen},
		{"every act", testActs},
		{"add and remove in one step", testAddAndRemove},
		{"a change that changes nothing", testNothing},
		{"ifVersion", testIfVersion},
		{"a refused change changes nothing", testRefused},
		{"the last 50 records", testHistory},
		{"newcomers see what happened before", testHistoryOfNewcomers},
		{"a clock that goes back", testClockBack},
		{"succession", testSuccession},
		{"deletion", testDeletion},
		{"tombstones end", testTombstoneEnd},
		{"limits judge what is added", testLimits},
		{"a quota of public groups", testPublicGroups},

		{"an update's key", testUpdateKey},
		{"an update's key and its actor", testUpdateKeyActor},
		{"an update's key in the history", testUpdateKeyKept},
		{"a creation's key", testCreateKey},
		{"a creation's key and its actor", testCreateKeyActor},
		{"a creation's key and deletion", testCreateKeyDeleted},
		{"a creation's key ends", testCreateKeyEnds},
		{"a private dialog is unique", testPrivate},
		{"a private dialog and keys", testPrivateKey},
		{"a chosen id", testIDGiven},

		{"scopes", testScopes},
		{"sight follows the people", testSight},
		{"orders and pages", testPages},
		{"pages of dialogs that are alike", testTies},
		{"positions that no dialog has", testPositions},
		{"positions beside filters", testPositionsInFilters},
		{"pages that skip", testSkip},
		{"order of names", testNameOrder},
		{"filters", testFilters},
		{"filters in pages", testFilterPages},
		{"filters of custom data", testCustomFilters},
		{"a page under change", testPageUnderChange},

		{"64 writers", testWriters},
		{"64 writers that add and remove", testSwappers},
		{"64 writers with ifVersion", testVersionRace},
		{"writers of two custom fields", testCustomRace},
		{"limits under a race", testLimitRace},
		{"one update's key under a race", testUpdateKeyRace},
		{"one creation's key under a race", testCreateKeyRace},
		{"one private dialog under a race", testPrivateRace},
		{"one chosen id under a race", testIDRace},
		{"deletion under a race", testDeletionRace},
		{"the last two leave at once", testLeaveRace},
		{"readers see whole changes", testReaders},

		{"scanning", testScan},
		{"restoring into another store", testRestore},
		{"restoring over what is there", testRestoreOver},
		{"restoring under a race", testRestoreRace},

		{"changes", testChanges},
		{"changes while away", testChangesAway},
		{"pages of changes", testChangesPages},
		{"pages of changes by memory", testChangesBytes},
		{"changes for all of many who left", testManyLeft},
		{"who left a dialog", testDeparted},
		{"changes by a restore", testChangesRestored},
		{"whole changes", testChangesWhole},
		{"following", testFollow},
		{"changes after no place of this store", testChangesRefused},
		{"changes under a race", testChangesRace},

		{"classes", testClasses},
		{"classes under a race", testClassRace},
		{"API keys", testAPIKeys},
		{"what API keys may do", testKeyScopes},
		{"access of users", testAccess},
		{"erasing a user", testErasure},
		{"the steps of an erasure", testErasureSteps},
		{"users who were erased in another store", testErasedUsers},
		{"API keys under a race", testAPIKeyRace},
		{"ended sessions", testSessions},
		{"ended sessions under a race", testSessionRace},
		{"webhooks", testWebhooks},
		{"the lease of a webhook", testWebhookLease},
		{"a webhook's lease under a race", testWebhookLeaseRace},
		{"changes after an instant", testChangesAfterInstant},
		{"a context that has ended", testContext},
		{"a closed store", testClosed},
		{"closing waits", testClosingWaits},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			test.run(newEnv(t, newDatabase))
		})
	}
	t.Run("random operations", func(t *testing.T) {
		t.Parallel()
		CheckModel(t, newDatabase)
	})
}

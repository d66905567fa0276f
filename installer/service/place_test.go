package service

import "testing"

const (
	system  = "S-1-5-18"
	admins  = "S-1-5-32-544"
	setup   = "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464"
	users   = "S-1-5-32-545"
	known   = "S-1-5-11" // every account of this computer
	creator = "S-1-3-0"
	ann     = "S-1-5-21-1-2-3-1001"

	readRun = 0x1200a9
	full    = 0x1f01ff
)

// usual is what Windows itself gives a program below Program Files, its folder, Program Files and the drive.
func usual() []guarded {
	closed := []entry{{system, full, false}, {admins, full, false}, {users, readRun, false}, {creator, rightAll, true}}
	return []guarded{
		{admins, closed}, {admins, closed}, {setup, append([]entry{{setup, full, false}}, closed...)},
		{setup, []entry{{system, full, false}, {admins, full, false}, {users, readRun, false}, {known, rightAppend, false}, {known, 0x1301bf, true}}},
	}
}

// TestOnlyAdministratorsMayChangeTheService: every right with which somebody else could have their own program run as the system.
func TestOnlyAdministratorsMayChangeTheService(t *testing.T) {
	if who := stranger(usual()); who != "" {
		t.Fatalf("below Program Files %s is said to be in the way", who)
	}
	for _, c := range []struct {
		name  string
		at    int // 0 the program, 1 its folder, 2 the folder above, 3 the drive
		entry entry
		found bool
	}{
		{"writes the program", 0, entry{ann, rightWrite, false}, true},
		{"appends to the program", 0, entry{users, rightAppend, false}, true},
		{"removes the program", 0, entry{ann, rightRemove, false}, true},
		{"rewrites its list", 0, entry{ann, rightList, false}, true},
		{"becomes its owner", 0, entry{ann, rightOwner, false}, true},
		{"everything", 0, entry{users, rightAll, false}, true},
		{"writes, said in general", 1, entry{known, rightGeneric, false}, true},
		{"as much as there is", 1, entry{known, rightMost, false}, true},
		{"puts a library beside it", 1, entry{users, rightWrite, false}, true},
		{"makes a folder beside it", 1, entry{users, rightAppend, false}, true},
		{"removes in its folder", 1, entry{known, rightRemoveIn, false}, true},
		{"turns its folder into a link", 1, entry{known, 0x100, false}, true},
		{"swaps the folder above", 2, entry{ann, rightRemove, false}, true},
		{"removes in the folder above", 2, entry{ann, rightRemoveIn, false}, true},
		{"opens the drive's list", 3, entry{ann, rightList, false}, true},
		{"makes another folder on the drive", 3, entry{known, rightAppend, false}, false},
		{"reads and runs it", 0, entry{known, readRun, false}, false},
		{"gets rights in what is made later", 2, entry{known, rightAll, true}, false},
		{"an administrator does everything", 0, entry{admins, full, false}, false},
	} {
		chain := usual()
		chain[c.at].entries = append(chain[c.at].entries, c.entry)
		if who := stranger(chain); (who != "") != c.found || c.found && who != c.entry.sid {
			t.Errorf("somebody %s: found %q", c.name, who)
		}
	}
	for at := range 4 {
		chain := usual()
		chain[at].owner = ann
		if stranger(chain) != ann {
			t.Errorf("a person owns step %d, and is not found", at)
		}
	}
}

package service

import "slices"

// Windows starts the service with the rights of the system itself. Whoever can change the program, or put a library beside it, or
// swap a folder above it, would have those rights: so it may lie only where administrators alone can do any of that.

// entry is one line of an access list that lets somebody in.
type entry struct {
	sid    string
	rights uint32
	later  bool // counts for what is made below, not here
}

// guarded is a file or a folder with those who may do something to it.
type guarded struct {
	owner   string
	entries []entry
}

// Rights, as Windows numbers them.
const (
	rightWrite      = 0x2 // into a file; in a folder: make a file
	rightAppend     = 0x4 // to a file; in a folder: make a folder
	rightProperties = 0x10 | 0x100
	rightRemoveIn   = 0x40 // remove anything in a folder
	rightRemove     = 0x10000
	rightList       = 0x40000 // change the access list
	rightOwner      = 0x80000 // become the owner
	rightMost       = 0x2000000
	rightAll        = 0x10000000
	rightGeneric    = 0x40000000

	swaps   = rightRemoveIn | rightRemove | rightList | rightOwner | rightMost | rightAll
	changes = swaps | rightWrite | rightAppend | rightProperties | rightGeneric
)

// trusted are the accounts that can do everything anyway: the system, administrators, and the installer of Windows.
var trusted = []string{
	"S-1-5-18", "S-1-5-32-544", "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464",
}

// stranger is an account that is not trusted and may change a program, its folder, or swap a folder above; "" if there is none.
// chain begins with the program and ends with the drive.
func stranger(chain []guarded) string {
	for i, g := range chain {
		if !slices.Contains(trusted, g.owner) { // an owner can give themselves every right
			return g.owner
		}
		danger := uint32(changes)
		if i > 1 {
			danger = swaps
		}
		for _, e := range g.entries {
			if !e.later && e.rights&danger != 0 && !slices.Contains(trusted, e.sid) {
				return e.sid
			}
		}
	}
	return ""
}

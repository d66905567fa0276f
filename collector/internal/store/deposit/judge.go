package deposit

import (
	"crypto/subtle"

	"github.com/byleave/byleave/collector/internal/store"
)

// Facts is what an index knows about the records of one group.
type Facts struct {
	Standing map[[2]store.ID]store.Standing // by device and consent
	Stored   map[store.ID][]byte            // digests, by batch
	Erased   map[[2]store.ID]bool           // by subject and batch
}

// NewFacts knows nothing yet, and so lets nothing in.
func NewFacts() Facts {
	return Facts{map[[2]store.ID]store.Standing{}, map[store.ID][]byte{}, map[[2]store.ID]bool{}}
}

// JudgeGroup says what becomes of each record, and which are to be stored: a batch that stands twice in the group is stored once.
func (f Facts) JudgeGroup(group []store.Record) (out []store.Outcome, fresh []int) {
	out = make([]store.Outcome, len(group))
	first := make(map[store.ID]*store.Record, len(group))
	for i := range group {
		r := &group[i]
		if out[i] = f.Judge(r); out[i] != store.Stored {
			continue
		}
		if twin, ok := first[r.Batch]; ok {
			out[i] = Beside(twin, r)
			continue
		}
		first[r.Batch] = r
		fresh = append(fresh, i)
	}
	return out, fresh
}

// Beside is what a record is beside one of the same id that is stored.
func Beside(stored, r *store.Record) store.Outcome {
	if stored.Digest == r.Digest {
		return store.Duplicate
	}
	return store.Conflict
}

// Judge says what becomes of a record. Stored means that nothing speaks against it.
func (f Facts) Judge(r *store.Record) store.Outcome {
	st := f.Standing[[2]store.ID{r.Device, r.Consent}]
	digest, stored := f.Stored[r.Batch]
	switch {
	case !st.Enrolled || st.Subject != r.Subject:
		return store.UnknownDevice
	case stored && subtle.ConstantTimeCompare(digest, r.Digest[:]) == 1:
		return store.Duplicate
	case stored:
		return store.Conflict
	case f.Erased[[2]store.ID{r.Subject, r.Batch}]:
		return store.WasErased
	case !st.Known:
		return store.NoConsent
	case st.Withdrawn:
		return store.Withdrawn
	case st.Policy != r.Policy || st.Purpose != r.Purpose:
		return store.Mismatch
	}
	return store.Stored
}

package flow

import (
	"crypto/hmac"
	"errors"
	"fmt"

	"github.com/byleave/byleave/policy"
	"github.com/byleave/byleave/proto/pb"
	"github.com/byleave/byleave/proto/tlog"
	"google.golang.org/protobuf/proto"
)

// What the person did on another of their devices. It stops this one until they decide here: whoever takes a yes back on one computer may
// have forgotten the other.

// errElsewhere says that the person withdrew on another device and has not decided here.
var errElsewhere = errors.New("you withdrew on another of your computers")

// withdrawnElsewhere takes withdrawals that, as the collector says, the person made on other devices. One counts only with the word that no
// one but this person's devices can make, and once. Nothing that it says starts anything.
func (a *agent) withdrawnElsewhere(said []*pb.Signed) error {
	if len(said) == 0 {
		return nil
	}
	code, err := a.keys.ErasureCode()
	if err != nil {
		return err
	}
	secret := tlog.SecretOf(code)
	var real [][16]byte
	for _, s := range said {
		if consent, ok := withdrawalOf(s, secret); ok {
			real = append(real, consent)
		}
	}
	if n := len(said) - len(real); n > 0 {
		a.log.Warn("the collector told of withdrawals that this person did not make; they change nothing", "how_many", n)
	}
	id, err := a.keys.Identity()
	if err != nil {
		return err
	}
	standing, err := readStanding(a.keys, id)
	agreed := len(standing) > 0 || err != nil || a.consent.Load() != nil
	fresh, noted := a.keys.HearElsewhere(real, agreed, a.clock.now().Wall)
	was := a.unheard.Swap(noted != nil)
	if !fresh && noted == nil && !was {
		return nil
	}
	return errors.Join(noted, a.load())
}

// withdrawalOf is the consent that s withdraws, if s carries the person's word.
func withdrawalOf(s *pb.Signed, secret tlog.Secret) (consent [16]byte, ok bool) {
	var m pb.ConsentStub
	if proto.Unmarshal(s.GetBody(), &m) != nil || !m.GetWithdrawn() || len(m.GetId()) != len(consent) {
		return consent, false
	}
	consent = [16]byte(m.GetId())
	word := secret.Word(consent)
	return consent, hmac.Equal(word[:], m.GetWord())
}

// elsewhere is why nothing is recorded or sent here: the person withdrew on another device and has not decided here; nil if not so.
func (a *agent) elsewhere() error {
	since, err := a.keys.Elsewhere()
	if err == nil && a.unheard.Load() {
		return fmt.Errorf("%w, and that could not be written down, so nothing is recorded or sent; make room on the disk or make it writable", errElsewhere)
	}
	if err != nil {
		return fmt.Errorf("it is not sure whether you withdrew on another computer, so nothing is recorded or sent: %w", err)
	}
	if since.IsZero() {
		return nil
	}
	return fmt.Errorf("%w (heard of on %s): nothing is recorded or sent here until you run `byleave consent give` or `byleave consent withdraw`",
		errElsewhere, since.Local().Format("2 January 2006, 15:04"))
}

// stopElsewhere keeps boxes here while the person is to decide; decided tells that nothing is agreed to here. What was asked for by the person
// goes out all the same.
func (a *agent) stopElsewhere(decided bool) {
	words := ""
	if err := a.elsewhere(); err != nil && !decided {
		words = err.Error()
	}
	a.budget.Stop(words)
}

// question is what the mark asks of the person, in three words, where why keeps recording off; "" if only they can know why.
func question(why error) string {
	switch {
	case errors.Is(why, policy.ErrWider):
		return "more is asked"
	case errors.Is(why, errElsewhere):
		return "you withdrew elsewhere"
	}
	return ""
}

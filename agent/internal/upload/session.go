package upload

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/byleave/byleave/proto/pb"
	"github.com/byleave/byleave/proto/tlog"
)

// session is one connection: tell of consents and withdrawals, ask for erasures, check in if it is due, drain the queue, close. In
// this order, because a withdrawal or an erasure must not wait behind boxes, and a policy that narrows must be known before more is
// sent.
func (u *Uploader) session(ctx context.Context) error {
	if leaf := u.opt.Identity.TLS.Leaf; leaf != nil && time.Now().After(leaf.NotAfter) {
		return failure{words: wordsExpired, reEnrol: true}
	}
	line := &lifeline{rate: u.opt.Budget.Rate}
	conn, err := dial(u.opt.Identity.Collector, u.pin, line, u.opt.Identity.TLS)
	if err != nil {
		return err
	}
	client := pb.NewDeviceClient(conn)
	refused, err := u.tellAll(ctx, client)
	if err == nil {
		var unerased error
		unerased, err = u.eraseAll(ctx, client)
		refused = cmp.Or(refused, unerased)
	}
	if err == nil {
		err = u.checkInIfDue(ctx, client)
	}
	if err == nil {
		err = u.drain(ctx, client, line)
	}
	if err == nil {
		err = refused
	}
	return errors.Join(explain(err, u.pin, u.opt.Identity.Collector), conn.Close())
}

// tellAll delivers every stub that waits. One that the collector refuses stays, is said at the end, and holds back nothing: a
// withdrawal may stand behind it.
func (u *Uploader) tellAll(ctx context.Context, client pb.DeviceClient) (refused, err error) {
	pending, err := u.opt.Stubs.PendingStubs()
	if err != nil {
		return nil, failure{words: "the key folder: " + err.Error()}
	}
	u.refused = 0
	for _, stub := range pending {
		err := u.tell(ctx, client, stub)
		switch status.Code(err) {
		case codes.OK:
		case codes.InvalidArgument, codes.FailedPrecondition:
			u.refused++
			refused = failure{words: wordsStub}
		default:
			return nil, err
		}
	}
	return refused, nil
}

// tell delivers one stub and notes it as told only when the collector has answered.
func (u *Uploader) tell(ctx context.Context, client pb.DeviceClient, stub []byte) error {
	var signed pb.Signed
	if err := proto.Unmarshal(stub, &signed); err != nil {
		return failure{words: "a stored consent stub is damaged; give the consent again"}
	}
	secret, err := u.secret()
	if err != nil {
		return err
	}
	salt := secret.ConsentSalt(tlog.Signed(&signed))
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	if _, err := client.PutConsent(ctx, &pb.PutConsentRequest{Stub: &signed, Salt: salt[:]}); err != nil {
		return err
	}
	if err := u.opt.Stubs.StubDelivered(stub); err != nil {
		return failure{words: "the key folder: " + err.Error()}
	}
	return nil
}

// hear hands on what a collector tells. Who gets it decides by the rules of this device, which only narrow or stop; what is wrong with it
// changes nothing. The mark is kept last: what a crash cut off is told again.
func (u *Uploader) hear(p *pb.Signed, news *pb.News) error {
	if p != nil {
		signed, err := proto.Marshal(p)
		if err != nil {
			return fmt.Errorf("keep the policy: %w", err)
		}
		u.opt.Policy(signed)
	}
	if news == nil {
		return nil
	}
	if err := u.opt.Elsewhere(news.GetWithdrawn()); err != nil {
		return failure{words: "what you did on another computer cannot be noted, so nothing is sent: " + err.Error()}
	}
	if len(news.GetMark()) != 32 {
		return nil
	}
	if err := u.opt.Own.SaveMark([32]byte(news.GetMark())); err != nil {
		return failure{words: "the key folder: " + err.Error()}
	}
	return nil
}

// checkInIfDue registers the erasure code, renews the certificate and asks for the newest policy once a day, consent or not, so that the calls of a device say nothing of its person.
func (u *Uploader) checkInIfDue(ctx context.Context, client pb.DeviceClient) error {
	if time.Now().Before(u.checkIn) {
		return nil
	}
	if err := u.renewIfDue(ctx, client); err != nil {
		return err
	}
	if err := u.putCode(ctx, client); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	res, err := client.GetPolicy(ctx, &pb.GetPolicyRequest{})
	if err != nil && status.Code(err) != codes.NotFound { // a collector may have no policy yet
		return err
	}
	if err := u.hear(res.GetPolicy(), res.GetNews()); err != nil {
		return err
	}
	u.plain = false // it may be another one by now
	u.checkIn = time.Now().Add(u.pace.day - rand.N(u.pace.day/24+1))
	return nil
}

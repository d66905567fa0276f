package upload

import (
	"context"
	"errors"
	"io"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/byleave/byleave/proto/envelope"
	"github.com/byleave/byleave/proto/pb"
	"github.com/byleave/byleave/proto/tlog"
)

// firstCredit is what may be in flight before the collector has said anything.
const firstCredit = 1 << 20

// flight is a box that was sent and not yet answered.
type flight struct {
	size     int
	consent  envelope.ID
	attempts int
	atOnce   bool // all of it went over one connection
}

// drain is one Upload stream.
type drain struct {
	u      *Uploader
	client pb.DeviceClient
	stream pb.Device_UploadClient
	ctx    context.Context // of the stream
	alive  func()          // something moved: start the silence anew
	secret tlog.Secret     // of the leaves
	begun  bool            // the first box was sent, and with it what was heard so far
	idle   int             // answers that were to no box

	credit   uint64                 // bytes that may be in flight together
	load     int                    // bytes in flight
	flying   map[envelope.ID]flight // by batch
	attempts map[envelope.ID]int    // by batch, in this stream
	later    map[envelope.ID]bool   // boxes that this stream sends no more
	wish     error                  // why it ends early, once what flies is answered
	atOnce   bool                   // the box that request made goes over this connection alone
}

// drain sends what is ready and returns when nothing more is, everything in flight answered. A stream that is cut leaves its
// boxes in the queue: they are sent again, and the collector knows them by their id.
func (u *Uploader) drain(ctx context.Context, client pb.DeviceClient, line *lifeline) error {
	d := &drain{
		u: u, client: client, credit: firstCredit,
		flying: map[envelope.ID]flight{}, attempts: map[envelope.ID]int{}, later: map[envelope.ID]bool{},
	}
	if !d.spared() {
		return nil
	}
	if _, ok := d.next(); !ok {
		return nil
	}
	var err error
	if d.secret, err = u.secret(); err != nil {
		return err
	}
	var cancel context.CancelFunc
	d.ctx, cancel = context.WithCancel(ctx)
	defer cancel()
	silence := time.AfterFunc(u.pace.stall, cancel)
	defer silence.Stop()
	d.alive = func() { silence.Reset(u.pace.stall) }
	line.hear(d.alive)
	if d.stream, err = client.Upload(d.ctx); err != nil {
		return err
	}
	if err := d.run(); err != nil {
		d.noteCut(err)
		return err
	}
	if err := d.finish(); err != nil {
		return err
	}
	return d.wish
}

// run alternates between sending as much as the credit allows and taking one answer.
func (d *drain) run() error {
	for {
		blocked, err := d.fill()
		if err != nil {
			return err
		}
		if len(d.flying) == 0 && !blocked {
			return nil
		}
		res, err := d.stream.Recv()
		if errors.Is(err, io.EOF) {
			return failure{words: wordsSilent}
		}
		if err != nil {
			return err
		}
		d.alive()
		if err := d.hear(res); err != nil {
			return err
		}
		d.credit = res.GetCreditBytes()
		if err := d.answer(res.GetAck()); err != nil {
			return err
		}
	}
}

// maxIdle bounds how much a collector may say on one stream that answers no box: news may cost a signature and a file, and whatever comes has the
// queue looked at, which is work for as long as it comes.
const maxIdle = 32

// hear takes what the collector pushes between its answers. What it stops counts from the next box on.
func (d *drain) hear(res *pb.UploadResponse) error {
	news := res.GetNews()
	if news != nil || res.GetAck() == nil {
		d.idle++
	}
	if d.idle > maxIdle {
		return failure{words: wordsRefused}
	}
	if news == nil {
		return nil
	}
	return d.u.hear(news.GetPolicy(), news)
}

// fill sends boxes while there are some and the credit lasts. blocked tells that a box waits for credit. A consent, withdrawal
// or erasure that was given meanwhile ends the stream, because it goes first.
func (d *drain) fill() (blocked bool, err error) {
	for d.wish == nil && d.u.opt.Wait() == "" && !d.u.mustTell() && !d.u.mustErase() {
		if !d.spared() {
			return false, nil
		}
		box, ok := d.next()
		if !ok {
			return false, nil
		}
		size := len(box.Bytes())
		if uint64(d.load+size) > d.credit || d.inPieces() && len(d.flying) > 0 {
			return true, nil
		}
		req, ok, err := d.request(box)
		if err != nil || !ok {
			return false, err
		}
		if !d.begun {
			mark := d.u.opt.Own.Mark()
			req.Heard, d.begun = mark[:], true
		}
		if err := d.stream.Send(req); err != nil {
			if errors.Is(err, io.EOF) { // the reason stands in the status, which Recv gives
				_, err = d.stream.Recv()
			}
			return false, err
		}
		d.alive()
		h := box.Header()
		d.attempts[h.Batch]++
		d.flying[h.Batch] = flight{size: size, consent: h.Consent, attempts: d.attempts[h.Batch], atOnce: d.atOnce}
		d.load += size
	}
	return false, nil
}

// request is a box as it is sent: whole, or its header once the rest was brought. ok is false if it may not leave now.
func (d *drain) request(box envelope.Box) (req *pb.UploadRequest, ok bool, err error) {
	digest := box.Digest()
	salt := d.secret.Salt(tlog.Batch, digest[:])
	if d.atOnce = true; d.inPieces() {
		ok, err = d.bring(box)
		if err == nil {
			return &pb.UploadRequest{Box: box.Bytes()[:envelope.HeaderSize], Salt: salt[:], InPieces: true}, ok, nil
		}
		if code := status.Code(err); code != codes.Unimplemented && code != codes.InvalidArgument {
			return nil, false, err
		}
		d.u.plain = true // it is from before there were pieces, or does not take these
	}
	if ok, err = d.take(int64(len(box.Bytes()))); err != nil || !ok {
		return nil, false, err
	}
	return &pb.UploadRequest{Box: box.Bytes(), Salt: salt[:]}, true, nil
}

// take counts bytes of the next box before they leave.
func (d *drain) take(size int64) (bool, error) {
	now := time.Now()
	w := d.u.waits(now, d.skip)
	w.next = size
	ok, err := d.u.opt.Budget.take(now, w)
	if err != nil {
		return false, failure{words: err.Error()}
	}
	return ok, nil
}

// next is the oldest box that is ready and not in flight already.
func (d *drain) next() (envelope.Box, bool) {
	return d.u.opt.Queue.NextExcept(time.Now(), d.u.opt.Hold(), d.skip)
}

// skip names what this stream does not send now.
func (d *drain) skip(batch, consent envelope.ID) bool {
	_, flying := d.flying[batch]
	return flying || d.later[batch] || d.u.withdrawn[consent]
}

// spared tells whether a box waits that the budget lets leave.
func (d *drain) spared() bool {
	now := time.Now()
	w := d.u.waits(now, d.skip)
	return w.next > 0 && !d.u.opt.Budget.keepsBack(now, w)
}

// answer acts on one ack. The closed list of outcomes stands here and nowhere else.
func (d *drain) answer(ack *pb.Ack) error {
	if ack == nil {
		return nil // credit alone
	}
	if len(ack.GetBatch()) != 16 {
		return failure{words: wordsRefused}
	}
	id := envelope.ID(ack.GetBatch())
	f, ok := d.flying[id]
	if !ok { // an answer to what was not asked moves nothing
		return failure{words: wordsRefused}
	}
	delete(d.flying, id)
	d.load -= f.size
	switch ack.GetOutcome() {
	case pb.Outcome_OUTCOME_STORED, pb.Outcome_OUTCOME_DUPLICATE:
		d.u.arrived(f.atOnce)
		return d.u.sent(id)
	case pb.Outcome_OUTCOME_SEND_CONSENT:
		return d.sendConsent(id, f)
	case pb.Outcome_OUTCOME_QUARANTINE:
		return d.u.setAside(id, "the collector refused it for good")
	case pb.Outcome_OUTCOME_ERASED: // what the person took back here is gone already; a collector's word destroys nothing
		return d.u.setAside(id, "the collector says that you took it back; if you did, delete it in byleave review")
	case pb.Outcome_OUTCOME_RE_ENROL:
		d.end(id, failure{words: wordsExpired, reEnrol: true})
	case pb.Outcome_OUTCOME_WITHDRAWN:
		d.u.withdrawn[f.consent] = true
	default: // RETRY, UNSPECIFIED, and whatever a newer collector may say: keep it, come back
		after := min(time.Duration(ack.GetRetryAfterMs())*time.Millisecond, maxWish)
		d.end(id, failure{words: wordsBusy, after: after})
	}
	return nil
}

// end stops sending. The longest wish counts; a certificate that no longer counts outweighs all.
func (d *drain) end(id envelope.ID, f failure) {
	d.later[id] = true
	var was failure
	if !errors.As(d.wish, &was) || f.reEnrol || f.after > was.after && !was.reEnrol {
		d.wish = f
	}
}

// sendConsent delivers the stub of the box's consent; the box is then sent once more. If the collector asks again for what it
// has just acknowledged, the box waits for another day.
func (d *drain) sendConsent(id envelope.ID, f flight) error {
	stub, err := d.u.opt.Stubs.Stub(f.consent)
	switch {
	case err != nil:
		return failure{words: "the key folder: " + err.Error()}
	case stub == nil:
		d.end(id, failure{words: "the collector asks for a consent that this device has no record of; its boxes stay here"})
		return nil
	case f.attempts > 1:
		d.end(id, failure{words: "the collector does not accept this consent; the box stays here"})
		return nil
	}
	if err := d.u.tell(d.ctx, d.client, stub); err != nil {
		return err
	}
	d.alive()
	return nil
}

// finish says that nothing more comes and waits until the collector has closed its side.
func (d *drain) finish() error {
	if err := d.stream.CloseSend(); err != nil {
		return err
	}
	for {
		res, err := d.stream.Recv()
		if errors.Is(err, io.EOF) || d.wish != nil && err != nil {
			return nil
		}
		if err == nil {
			res.Ack = nil // there is none left to give
			err = d.hear(res)
		}
		if err != nil {
			return err
		}
	}
}

// sent marks a box that is durable at the collector. If that fails here, the box is sent again and found to be a duplicate.
func (u *Uploader) sent(id envelope.ID) error {
	if err := u.opt.Queue.Sent(id); err != nil {
		return failure{words: "the spool: " + err.Error()}
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.status.Sent++
	u.status.LastSent = time.Now()
	return nil
}

func (u *Uploader) setAside(id envelope.ID, why string) error {
	if err := u.opt.Queue.Quarantine(id, why); err != nil {
		return failure{words: "the spool: " + err.Error()}
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.status.SetAside++
	return nil
}

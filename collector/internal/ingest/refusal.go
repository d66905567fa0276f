package ingest

import (
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"
)

// Domain is the domain of the reasons that a permanent refusal carries.
const Domain = "byleave"

// What the caller does about a permanent refusal. The list is closed; boxes are answered with pb.Outcome instead.
const (
	ReasonReEnrol   = "RE_ENROL"   // the certificate does not count: enrol with a new invitation
	ReasonForbidden = "FORBIDDEN"  // this certificate, token or code may not do it: do not ask again
	ReasonMend      = "MEND"       // the request is malformed: an update is needed, not another try
	ReasonGiveAnew  = "GIVE_ANEW"  // it contradicts what is kept: give the consent, or the order, anew
	ReasonDrawAnew  = "DRAW_ANEW"  // the id was used: draw a fresh one
	ReasonNotServed = "NOT_SERVED" // no such method here
)

// reasons is the reason of each code that is final. A code that does not stand here is temporary.
var reasons = map[codes.Code]string{
	codes.Unauthenticated:    ReasonReEnrol,
	codes.PermissionDenied:   ReasonForbidden,
	codes.InvalidArgument:    ReasonMend,
	codes.FailedPrecondition: ReasonGiveAnew,
	codes.AlreadyExists:      ReasonDrawAnew,
	codes.Unimplemented:      ReasonNotServed,
}

// dress sees to it that a refusal says what to do: when to come back, or why never. Every answer of the server passes here.
func dress(err error) error {
	if err == nil {
		return nil
	}
	st := status.Convert(err)
	if len(st.Details()) > 0 || st.Code() == codes.Canceled || st.Code() == codes.DeadlineExceeded {
		return err // it says so already, or the caller itself has ended it
	}
	reason, final := reasons[st.Code()]
	if !final {
		return withRetry(st, troubleRetry)
	}
	dressed, e := st.WithDetails(&errdetails.ErrorInfo{Reason: reason, Domain: Domain})
	if e != nil {
		return err
	}
	return dressed.Err()
}

// retryLater is a temporary refusal.
func retryLater(text string, after time.Duration) error {
	return withRetry(status.New(codes.Unavailable, text), after)
}

func withRetry(st *status.Status, after time.Duration) error {
	dressed, err := st.WithDetails(&errdetails.RetryInfo{RetryDelay: durationpb.New(after)})
	if err != nil {
		return st.Err()
	}
	return dressed.Err()
}

package fleet

import (
	"math"
	"math/rand/v2"
	"time"
)

// The part of a day that is simulated: before and after it hardly anybody works, and a quiet collector is measured elsewhere.
const (
	Morning = 6 * time.Hour
	Evening = 22 * time.Hour
)

const (
	gather  = 10 * time.Minute // between two connections of a computer at work
	lidShut = 0.02             // chance that the lid is closed while boxes leave
	agreed  = 0.875            // share of people who agreed; the others only check in, as everybody does
	late    = 0.1              // share of people who work after dinner, too
)

// errand is one reason to connect.
type errand struct {
	at      time.Duration // since midnight
	boxes   int           // sealed since the last one
	checkIn bool
	lid     bool // it is closed as soon as the first box is on its way
}

// plan is the day of one computer: awake from about nine to half past five with a break at noon, a check-in when it first wakes, and boxes
// whenever some were sealed. The sum of its boxes is mean on average, if its person agreed.
func plan(rng *rand.Rand, mean float64, agrees bool) []errand {
	about := func(at time.Duration, spread time.Duration) time.Duration {
		return min(max(at+time.Duration(rng.NormFloat64()*float64(spread)), Morning), Evening)
	}
	awake := [][2]time.Duration{
		{about(8*time.Hour+45*time.Minute, 40*time.Minute), about(12*time.Hour+15*time.Minute, 20*time.Minute)},
		{about(13*time.Hour, 20*time.Minute), about(17*time.Hour+30*time.Minute, 45*time.Minute)},
	}
	if rng.Float64() < late {
		awake = append(awake, [2]time.Duration{about(20*time.Hour, 30*time.Minute), about(21*time.Hour+30*time.Minute, 20*time.Minute)})
	}
	const workday = 8*time.Hour + 9*time.Minute // on average
	rate := mean * float64(gather) / float64(workday)
	out := []errand{{at: awake[0][0], checkIn: true}}
	for _, a := range awake {
		for at := a[0]; at < a[1]; {
			at += gather/2 + time.Duration(rng.Int64N(int64(gather)))
			e := errand{at: min(at, Evening), lid: rng.Float64() < lidShut}
			if agrees {
				e.boxes = poisson(rng, rate)
			}
			if e.boxes > 0 {
				out = append(out, e)
			}
		}
	}
	return out
}

// poisson draws how many of many rare things happen.
func poisson(rng *rand.Rand, mean float64) int {
	n, p, least := 0, rng.Float64(), math.Exp(-mean)
	for p > least {
		p *= rng.Float64()
		n++
	}
	return n
}

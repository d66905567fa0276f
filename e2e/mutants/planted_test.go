package mutants

// planted is one mistake in one place of one file, and the tests that must find it.
type planted struct {
	name     string
	file     string
	from, to string
	tests    string // of the file's own package, as -run takes them
}

const (
	spool   = "agent/internal/spool/"
	upload  = "agent/internal/upload/"
	ingest  = "collector/internal/ingest/"
	store   = "collector/internal/store/embed/"
	deposit = "collector/internal/store/deposit/"
	nothing = "if err := error(nil); err != nil {"
)

// bugs lose, double, uncover or destroy something, or promise it too early, each as somebody could write it by mistake.
var bugs = []planted{
	{"the fsync of a file is skipped", spool + "spool.go", "if err == nil {\n\t\terr = f.Sync()\n\t}", "", "TestI16CrashLosesNothing"},
	{"a failed fsync is tried again on the same file", spool + "spool.go", "err = f.Sync()\n", "if err = f.Sync(); err != nil {\n\t\t\terr = f.Sync()\n\t\t}\n", "TestFaults"},
	{"the fsync of the folder is skipped after a rename", spool + "spool.go", "\treturn s.syncDir()\n}\n\nfunc (s *Spool) writeTemp", "\treturn nil\n}\n\nfunc (s *Spool) writeTemp", "TestI16CrashLosesNothing"},
	{"a box that could not be written counts as stored", spool + "spool.go", "if err := s.write(name, heldSuffix, p.box.Bytes()); err != nil {\n\t\treturn s.stop(err)\n\t}", "_ = s.write(name, heldSuffix, p.box.Bytes())", "TestFaults"},
	{"a short write passes", spool + "spool.go", "if err == nil && n < len(content) {", "if err == nil && n < 0 {", "TestFaults"},
	{"eviction without a durable count", spool + "quota.go", `if err := s.write(droppedName, "", encodeDropped(s.stats.Dropped+n)); err != nil {`, nothing, "TestI16CrashLosesNothing"},
	{"copies are evicted without a count", spool + "quota.go", "s.stats.Evicted += n\n", "", "TestQuota"},
	{"unsent boxes are dropped although the person did not wish it", spool + "quota.go", "if err == nil && over > 0 && s.quota.DropOldest {", "if err == nil && over > 0 {", "TestQuota"},
	{"a destroyed box comes back after a crash", spool + "remove.go", "errors.Join(append(errs, err, s.syncDir())...)", "errors.Join(append(errs, err)...)", "TestI16CrashLosesNothing"},
	{"a damaged box is held all the same", spool + "start.go", "s.setAsideAtStart(info, err.Error(), found, r)\n\t\t\tcontinue\n\t\t}\n\t\th := box.Header()", "_ = err\n\t\t}\n\t\th := box.Header()", "TestI15"},
	{"a number is given twice", spool + "recover.go", "s.skipDamaged(found.damaged)\n", "", "TestI15|TestI16CrashLosesNothing"},
	{"an unclean end goes unnoticed", spool + "session.go", "r.Lost = Lost{From: since, Until: now}\n\t\t\treturn", "return", "TestI16CrashLosesNothing|TestLost"},
	{"the hold is not waited for", spool + "queue.go", "return now.Sub(e.at) < hold", "return false", "TestHold"},
	{"a box counts as sent before its ack", upload + "drain.go", "d.load += size\n", "d.load += size\n\t\t_ = d.u.opt.Queue.Sent(h.Batch)\n", "TestNoAckNoSent"},
	{"a refusal for now counts as an ack", upload + "drain.go", "\t\td.end(id, failure{words: wordsBusy, after: after})", "\t\t_ = after\n\t\treturn d.u.sent(id)", "TestRetryIsTriedAgainNotBeforeItsTime"},
	{"a refused box is forgotten instead of set aside", upload + "drain.go", `d.u.setAside(id, "the collector refused it for good")`, "d.u.sent(id)", "TestQuarantineSetsAsideAndGoesOn"},
	{"credit is not honoured", upload + "drain.go", "if uint64(d.load+size) > d.credit ||", "if d.credit == 1 ||", "TestNoCreditNoBox"},
	{"the person's rate is not kept", upload + "dial.go", "time.Sleep(time.Duration(n) * time.Second / time.Duration(rate))", "_ = n", "TestRateIsKept"},
	{"what leaves is not counted first", upload + "budget.go", "if err := b.days.SaveDay(b.day, b.used+w.next); err != nil {", nothing, "TestNothingUncounted|TestDailyBudget"},
	{"a policy loosens the person's budget", upload + "budget.go", "most = min(most, n)", "most = max(most, n)", "TestDailyBudget|TestI25"},
	{"a metered network is used", upload + "budget.go", "case b.here.Metered:", "case b.here.Metered && b.own.MainsOnly:", "TestBudgetWords|TestI25"},
	{"all come back at once after an outage", upload + "budget.go", "return now.Sub(w.since) > lateAfter", "return now.Sub(w.since) > 1<<62", "TestCatchesUpWithoutAStorm"},
	{"devices return in step", upload + "failure.go", "d = d/2 + rand.N(d/2+1)", "d = d/2 + d/2", "TestBackOffGrowsAndIsBounded|TestNoReconnectStorm"},
	{"an ack for what the store refused", ingest + "commit.go", "j.answer(0)", "j.answer(store.Stored)", "TestI16NoAckWithoutStore"},
	{"a pack is not synced before its ack", store + "packs.go", "if err := p.open.Sync(); err != nil {", "if err := error(nil); err != nil {", "TestI16"},
	{"other bytes under a known id pass as a duplicate", deposit + "judge.go", "case stored:\n\t\treturn store.Conflict", "case stored:\n\t\treturn store.Duplicate", "TestJudge"},
	{"a box under a withdrawn consent is taken", deposit + "judge.go", "case st.Withdrawn:", "case st.Withdrawn && !st.Known:", "TestJudge"},
	{"an erased box is taken again", deposit + "judge.go", "case f.Erased[[2]store.ID{r.Subject, r.Batch}]:", "case f.Erased[[2]store.ID{r.Batch, r.Subject}]:", "TestJudge"},
}

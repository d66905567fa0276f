package main

import (
	"os/exec"
	"regexp"
	"runtime"
	"strconv"
	"testing"
)

// mostExposure is what systemd-analyze may say at most about the collector's unit: 0 is nothing, 10 is everything.
const mostExposure = 1.2

// TestCollectorUnitExposure: nobody loosens the collector's unit unseen.
func TestCollectorUnitExposure(t *testing.T) {
	if runtime.GOOS != "linux" {
		return // systemd is there alone
	}
	out, err := exec.Command("systemd-analyze", "security", "--offline=true", "--no-pager", "byleave-collector.service").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	found := regexp.MustCompile(`Overall exposure level for byleave-collector.service: ([0-9.]+)`).FindSubmatch(out)
	if found == nil {
		t.Fatalf("no figure in:\n%s", out)
	}
	exposure, err := strconv.ParseFloat(string(found[1]), 64)
	if err != nil || exposure > mostExposure {
		t.Errorf("the exposure is %s, want at most %v:\n%s", found[1], mostExposure, out)
	}
	t.Logf("exposure %v", exposure)
}

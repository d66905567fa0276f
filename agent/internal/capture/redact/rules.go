package redact

import (
	"fmt"
	"regexp"
)

// Limits of what a policy may add.
const (
	mostPatterns = 64
	mostPattern  = 1000 // bytes
)

// pattern is an expression of the policy.
type pattern = regexp.Regexp

// addPolicy compiles the policy's patterns and terms. Errors name a pattern by its place, from 1.
func (e *engine) addPolicy(patterns, terms []string) error {
	if len(patterns) > mostPatterns {
		return fmt.Errorf("redact: the policy has %d patterns; at most %d are allowed", len(patterns), mostPatterns)
	}
	for i, p := range patterns {
		if len(p) > mostPattern {
			return fmt.Errorf("redact: pattern %d of the policy is longer than %d bytes; split it", i+1, mostPattern)
		}
		re, err := regexp.Compile(p)
		if err != nil {
			return fmt.Errorf("redact: pattern %d of the policy is no RE2 expression: %w", i+1, err)
		}
		e.patterns = append(e.patterns, re)
	}
	if len(terms) == 0 {
		return nil
	}
	var f folded
	words := make([]string, len(terms))
	for i, t := range terms {
		f.fold([]byte(t))
		words[i] = string(f.text)
	}
	d, err := newDictionary(words)
	e.terms = d
	return err
}

func findPatterns(s *search) error {
	for _, p := range s.patterns {
		if err := s.spend(len(s.text)); err != nil {
			return err
		}
		for _, m := range p.FindAllIndex(s.text, -1) {
			s.add(m[0], m[1], term)
		}
	}
	return nil
}

func findTerms(s *search) error {
	if s.terms != nil {
		s.terms.each(s.text, func(start, end int) { s.add(start, end, term) })
	}
	return nil
}

package keystore

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

const receiptFolder = "receipts"

// receiptName keeps names to what a person can read and no path can hide in.
var receiptName = regexp.MustCompile(`^[A-Za-z0-9-]{1,80}$`)

// SaveReceipt puts a receipt into the person's folder, for programs (NAME.json) and for reading (NAME.txt).
func (s *Store) SaveReceipt(name string, json, text []byte) error {
	if !receiptName.MatchString(name) {
		return fmt.Errorf("the name of a receipt holds letters, digits and dashes only")
	}
	folder, err := s.receipts()
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := folder.write(name+".json", json); err != nil {
		return err
	}
	return folder.write(name+".txt", text)
}

// Receipts names the receipts, the newest first: names begin with a date.
func (s *Store) Receipts() ([]string, error) {
	folder, err := s.receipts()
	if err != nil {
		return nil, err
	}
	files, err := folder.names("", ".json")
	if err != nil {
		return nil, err
	}
	var names []string
	for _, f := range files {
		if name := strings.TrimSuffix(f, ".json"); receiptName.MatchString(name) {
			names = append(names, name)
		}
	}
	slices.Reverse(names)
	return names, nil
}

// Receipt returns one receipt for programs and for reading, nil and nil if there is none of that name.
func (s *Store) Receipt(name string) (json, text []byte, err error) {
	if !receiptName.MatchString(name) {
		return nil, nil, nil
	}
	folder, err := s.receipts()
	if err != nil {
		return nil, nil, err
	}
	if json, err = folder.read(name + ".json"); err != nil {
		return nil, nil, err
	}
	text, err = folder.read(name + ".txt")
	return json, text, err
}

func (s *Store) receipts() (*Store, error) { return Open(filepath.Join(s.dir, receiptFolder)) }

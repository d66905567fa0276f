package policy

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/byleave/byleave/proto/pb"
)

// Receipt is a consent as a person keeps it: the fields of ISO/IEC TS 27560:2023 as JSON-LD with the terms of the W3C Data
// Privacy Vocabulary. It holds a whole consent record, the notice word for word and the signed consent itself, so that it can
// be checked without the program that made it. The order of the fields is the order in the file.
type Receipt struct {
	Context   map[string]string `json:"@context"`
	Type      string            `json:"@type"` // dpv:ConsentReceipt
	Conforms  string            `json:"dct:conformsTo"`
	ID        string            `json:"dct:identifier"` // of the receipt
	Created   string            `json:"dct:created"`
	Publisher string            `json:"dct:publisher"`
	Record    Record            `json:"dpv:hasRecordOfActivity"`
	// Erasure is the code with which the person erases everything from any machine. Empty until the collector has its hash.
	Erasure string `json:"byleave:erasureCode,omitempty"`
}

// Record is the consent record: who agreed to what, and what has happened to it since.
type Record struct {
	Type     string    `json:"@type"` // dpv:ConsentRecord
	Conforms string    `json:"dct:conformsTo"`
	ID       string    `json:"dct:identifier"`
	Created  string    `json:"dct:created"`
	Creator  string    `json:"dct:creator"`
	Language string    `json:"dct:language"`
	Subject  Identity  `json:"dpv:hasDataSubject"`
	Notice   NoticeRef `json:"dpv:hasNotice"`
	Process  []Process `json:"dpv:hasProcess"`
	Status   []Event   `json:"dpv:hasConsentStatus"`
	Entities []Entity  `json:"dpv:hasEntity"`
	Policy   PolicyRef `json:"byleave:policy"`
	Signed   []byte    `json:"byleave:signedConsent"` // base64; verifies with the device's key
}

// Identity names the person by the random id of enrolment, never by name.
type Identity struct {
	Type string `json:"@type"`
	ID   string `json:"dct:identifier"`
}

// NoticeRef is the notice that was shown, word for word; its identifier is the SHA-256 of the text.
type NoticeRef struct {
	Type     string `json:"@type"`
	ID       string `json:"dct:identifier"`
	Language string `json:"dct:language"`
	Text     string `json:"rdf:value"`
}

// PolicyRef pins the exact bytes that were asked for.
type PolicyRef struct {
	Version uint64 `json:"version"`
	SHA256  string `json:"sha256"`
}

// Process is what may be done with the data of one application.
type Process struct {
	Type         string    `json:"@type"`
	Service      string    `json:"dpv:hasService"` // the application, by name
	Purpose      Term      `json:"dpv:hasPurpose"`
	Data         []Term    `json:"dpv:hasPersonalData"`
	Refused      []Term    `json:"byleave:notAgreed,omitempty"` // kinds of data that were asked for here and not granted
	Processing   []string  `json:"dpv:hasProcessing"`
	Source       string    `json:"dpv:hasDataSource"`
	Hours        []string  `json:"byleave:hours"`
	Basis        Term      `json:"dpv:hasLegalBasis"`
	Controllers  []string  `json:"dpv:hasDataController"`
	Recipients   []string  `json:"dpv:hasRecipient"`
	Storage      []Storage `json:"dpv:hasStorageCondition"`
	Jurisdiction string    `json:"dpv:hasJurisdiction"`
	Control      []Control `json:"dpv:hasConsentControl"`
	Rights       []Control `json:"dpv:hasRight"`
	Authority    string    `json:"dpv:hasAuthority"`
}

// Term is something of this program or policy, and the broader term of the vocabulary under which it falls.
type Term struct {
	Type    string `json:"@type"`
	ID      string `json:"dct:identifier,omitempty"`
	Broader string `json:"skos:broader"`
	Label   string `json:"skos:prefLabel"`
}

// Storage is where, or for how long.
type Storage struct {
	Type     string `json:"@type"`
	Location string `json:"dpv:hasLocation,omitempty"`
	Duration string `json:"dpv:hasDuration,omitempty"` // ISO 8601
	Label    string `json:"skos:prefLabel"`
}

// Control is something that the person can do, and how.
type Control struct {
	Type string `json:"@type"`
	How  string `json:"dpv:isExercisedAt"`
}

// Event is a change of the consent's state.
type Event struct {
	Type   []string `json:"@type"` // the state, and the type of consent
	Time   string   `json:"dpv:isIndicatedAtTime"`
	By     string   `json:"dpv:isIndicatedBy"`
	Method string   `json:"dpv:hasIndicationMethod"`
	Until  string   `json:"dct:valid"`
}

// Entity is one party.
type Entity struct {
	ID      string   `json:"dct:identifier"`
	Type    []string `json:"@type"`
	Name    string   `json:"dpv:hasName"`
	Address string   `json:"dpv:hasAddress"`
	Contact string   `json:"dpv:hasContact"`
}

const (
	schemas     = "https://w3id.org/dpv/schema/dpv-27560#"
	maxReceipt  = 2 << 20
	theAgent    = "byleave on the person's device"
	notNamed    = "not named in the policy; ask the controller" // custodians have a name alone
	isoReceipt  = schemas + "receipt-record"
	isoRecord   = schemas + "record"
	isoInstant  = time.RFC3339
	givenState  = "dpv:ConsentGiven"
	endState    = "dpv:ConsentWithdrawn"
	consentType = "dpv:ExplicitlyExpressedConsent"
)

func jsonContext() map[string]string {
	return map[string]string{
		"dpv": "https://w3id.org/dpv#", "pd": "https://w3id.org/dpv/pd#", "dct": "http://purl.org/dc/terms/",
		"skos": "http://www.w3.org/2004/02/skos/core#", "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
		"byleave": "https://github.com/byleave/byleave/policy#",
	}
}

// Withdrawal is when and by which gesture a consent was ended. The zero Withdrawal is none.
type Withdrawal struct {
	At      time.Time
	Gesture string // "terminal: byleave consent withdraw"
}

// NewReceipt writes down c, which was given for p, and its withdrawal if there is one. The same facts always give the same
// receipt.
func NewReceipt(p Policy, c Consent, w Withdrawal) (Receipt, error) {
	if p.IsZero() || c.IsZero() || c.PolicyDigest() != p.Digest() {
		return Receipt{}, refuse(ErrPin, "receipt: the consent is missing or was given for another policy; give consent again")
	}
	m := c.message
	given := time.Unix(m.GetGivenAt(), 0).UTC().Format(isoInstant)
	record := Record{
		Type: "dpv:ConsentRecord", Conforms: isoRecord, ID: identifier(m.GetId()), Created: given, Creator: theAgent, Language: m.GetLanguage(),
		Subject: Identity{"dpv:DataSubject", identifier(m.GetSubject())},
		Notice:  noticeRef(m), Process: processes(m, p.message), Status: []Event{{
			Type: []string{givenState, consentType}, Time: given, By: identifier(m.GetSubject()), Method: m.GetGesture(),
			Until: c.Expires().UTC().Format(isoInstant),
		}},
		Entities: entities(p.message), Policy: PolicyRef{p.Version(), hex.EncodeToString(m.GetPolicySha256())}, Signed: c.Signed(),
	}
	r := Receipt{
		Context: jsonContext(), Type: "dpv:ConsentReceipt", Conforms: isoReceipt, Created: given, Publisher: theAgent, Record: record,
	}
	if !w.At.IsZero() {
		r.Created = w.At.UTC().Format(isoInstant)
		r.Record.Status = append(r.Record.Status, Event{
			Type: []string{endState, consentType}, Time: r.Created, By: identifier(m.GetSubject()), Method: w.Gesture, Until: r.Created,
		})
	}
	id := sha256.Sum256(append([]byte("receipt\x00"+r.Created+"\x00"), m.GetId()...))
	r.ID = identifier(id[:16])
	return r, r.check()
}

func identifier(b []byte) string { return "urn:byleave:" + hex.EncodeToString(b) }

func noticeRef(m *pb.Consent) NoticeRef {
	sum := sha256.Sum256([]byte(m.GetNotice()))
	return NoticeRef{"dpv:ConsentNotice", "urn:sha256:" + hex.EncodeToString(sum[:]), m.GetLanguage(), m.GetNotice()}
}

func processes(m *pb.Consent, p *pb.Policy) []Process {
	var out []Process
	for _, g := range m.GetGrants() {
		out = append(out, Process{
			Type: "dpv:Process", Service: applicationName(p, g.GetApplication()),
			Purpose: Term{"dpv:Purpose", p.GetPurpose().GetId(), "dpv:ResearchAndDevelopment", p.GetPurpose().GetText()},
			Data:    dataTerms(classesOf(g.GetClasses())), Refused: dataTerms(classesOf(p.GetClasses()) &^ classesOf(g.GetClasses())),
			Processing: []string{"dpv:Collect", "dpv:Store", "dpv:Use"}, Source: "dpv:DataSubjectDataSource", Hours: hoursList(m.GetHours()),
			Basis:       Term{"dpv:LegalBasis", "", "dpv:Consent", p.GetLegalBasis()},
			Controllers: []string{"controller"}, Recipients: recipients(p), Storage: storage(p), Jurisdiction: p.GetJurisdiction(),
			Control: []Control{{"dpv:WithdrawConsent", "byleave consent withdraw; or the button on the page of byleave review"}},
			Rights: []Control{
				{"dpv:DataSubjectRight", "see, take along, erase, pause: byleave review, export-mine, forget, pause"},
				{"dpv:DataSubjectRight", "complain to " + p.GetAuthority()},
			},
			Authority: p.GetAuthority(),
		})
	}
	return out
}

func applicationName(p *pb.Policy, id string) string {
	for _, a := range p.GetApplications() {
		if a.GetId() == id {
			return a.GetName()
		}
	}
	return id
}

func dataTerms(s Classes) []Term {
	var out []Term
	for _, c := range AllClasses() {
		if s.Has(c) {
			out = append(out, Term{"dpv:PersonalData", c.String(), "pd:Behavioral", c.InWords()})
		}
	}
	return out
}

func hoursList(list []*pb.Hours) []string {
	out := make([]string, len(list))
	for i, h := range list {
		out[i] = HoursInWords(h) + ", local time"
	}
	return out
}

// recipients are all who may receive: the controller, each custodian, and who labels.
func recipients(p *pb.Policy) []string {
	out := []string{"controller"}
	for i := range p.GetCustodians() {
		out = append(out, fmt.Sprintf("custodian-%d", i+1))
	}
	if p.GetAfterExport().GetLabelledBy() != "" {
		out = append(out, "labeller")
	}
	return out
}

func storage(p *pb.Policy) []Storage {
	return []Storage{
		{Type: "dpv:StorageLocation", Location: "dpv:WithinDevice", Label: "on the person's own computer, as their copy"},
		{Type: "dpv:StorageLocation", Location: p.GetJurisdiction(), Label: "at the controller's collector, sealed; the collector cannot read it"},
		{Type: "dpv:StorageDuration", Duration: fmt.Sprintf("P%dD", p.GetRetentionDays()), Label: "at the collector"},
	}
}

func entities(p *pb.Policy) []Entity {
	c := p.GetController()
	out := []Entity{{"controller", []string{"dpv:DataController"}, c.GetName(), c.GetAddress(), c.GetContact()}}
	for i, k := range p.GetCustodians() {
		out = append(out, Entity{fmt.Sprintf("custodian-%d", i+1), []string{"dpv:Recipient"}, k.GetName(), notNamed, notNamed})
	}
	if by := p.GetAfterExport().GetLabelledBy(); by != "" {
		out = append(out, Entity{"labeller", []string{"dpv:Recipient", "dpv:ThirdParty"}, by, notNamed, notNamed})
	}
	return append(out, Entity{"authority", []string{"dpv:Authority"}, p.GetAuthority(), p.GetAuthority(), p.GetAuthority()})
}

// JSON is the receipt as a file: the same receipt always gives the same bytes. It refuses one that lacks a mandatory field.
func (r Receipt) JSON() ([]byte, error) {
	if err := r.check(); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(r); err != nil {
		return nil, fmt.Errorf("receipt: encoding: %w", err)
	}
	return b.Bytes(), nil
}

// ParseReceipt reads a receipt. It refuses unknown and missing fields. It does not verify the signed consent in it.
func ParseReceipt(b []byte) (Receipt, error) {
	if len(b) == 0 || len(b) > maxReceipt {
		return Receipt{}, refuse(ErrSize, "receipt: %d bytes; write 1 to %d", len(b), maxReceipt)
	}
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	var r Receipt
	if err := dec.Decode(&r); err != nil || dec.More() {
		return Receipt{}, refuse(ErrEncoding, "receipt: it is damaged or of another version; take another copy")
	}
	return r, r.check()
}

// required is every field that ISO/IEC TS 27560 makes mandatory, and those that the GDPR adds, with its name there.
func (r Receipt) required() [][2]string {
	c := r.Record
	out := [][2]string{
		{"schema version", r.Conforms}, {"schema version of the record", c.Conforms}, {"receipt id", r.ID}, {"record id", c.ID},
		{"pii principal id", c.Subject.ID}, {"privacy notice", c.Notice.Text}, {"language", c.Language}, {"notice language", c.Notice.Language},
	}
	for i, p := range c.Process {
		at := fmt.Sprintf("process %d: ", i+1)
		out = append(out, [][2]string{
			{at + "purpose", p.Purpose.Label}, {at + "purpose type", p.Purpose.Broader}, {at + "lawful basis", p.Basis.Label},
			{at + "pii information", labels(p.Data)}, {at + "pii controllers", strings.Join(p.Controllers, "")},
			{at + "collection method", p.Source}, {at + "processing method", strings.Join(p.Processing, "")},
			{at + "storage locations", field(p.Storage, func(s Storage) string { return s.Location })},
			{at + "retention period", field(p.Storage, func(s Storage) string { return s.Duration })},
			{at + "jurisdiction", p.Jurisdiction}, {at + "recipient third parties", strings.Join(p.Recipients, "")},
			{at + "withdrawal method", field(p.Control, func(s Control) string { return s.How })},
			{at + "privacy rights", field(p.Rights, func(s Control) string { return s.How })}, {at + "authority party", p.Authority},
		}...)
		for j, d := range p.Data {
			out = append(out, [2]string{fmt.Sprintf("%spii type %d", at, j+1), d.ID}, [2]string{fmt.Sprintf("%spii category %d", at, j+1), d.Broader})
		}
	}
	for i, e := range c.Entities {
		at := fmt.Sprintf("party %d: ", i+1)
		out = append(out, [2]string{at + "id", e.ID}, [2]string{at + "name", e.Name}, [2]string{at + "address", e.Address},
			[2]string{at + "contact", e.Contact}, [2]string{at + "type", strings.Join(e.Type, "")})
	}
	for i, e := range c.Status {
		at := fmt.Sprintf("event %d: ", i+1)
		out = append(out, [2]string{at + "time", e.Time}, [2]string{at + "validity duration", e.Until}, [2]string{at + "entity id", e.By},
			[2]string{at + "type and state", strings.Join(e.Type, "")}, [2]string{at + "method", e.Method})
	}
	return out
}

func labels(list []Term) string { return field(list, func(t Term) string { return t.Label }) }

func field[T any](list []T, get func(T) string) string {
	var b strings.Builder
	for _, v := range list {
		b.WriteString(get(v))
	}
	return b.String()
}

func (r Receipt) check() error {
	for _, f := range r.required() {
		if strings.TrimSpace(f[1]) == "" {
			return ErrInvalid{"receipt", f[0], "is empty; ISO/IEC TS 27560 makes it mandatory"}
		}
	}
	switch c := r.Record; {
	case len(c.Process) == 0:
		return ErrInvalid{"receipt", "process", "is missing; there is nothing that was agreed to"}
	case len(c.Entities) == 0:
		return ErrInvalid{"receipt", "party", "is missing; nobody is responsible"}
	case len(c.Signed) == 0:
		return ErrInvalid{"receipt", "byleave:signedConsent", "is missing; nothing could be proven"}
	default:
		return checkStates(c.Status)
	}
}

// checkStates allows given, and after it withdrawn, in the order of time: a consent that was withdrawn is never given again.
func checkStates(events []Event) error {
	want := []string{givenState, endState}
	if len(events) == 0 || len(events) > len(want) {
		return ErrInvalid{"receipt", "event", "must be a consent that was given, and at most one withdrawal"}
	}
	var last time.Time
	for i, e := range events {
		at, err := time.Parse(isoInstant, e.Time)
		_, err2 := time.Parse(isoInstant, e.Until)
		if errors.Join(err, err2) != nil || at.Before(last) || len(e.Type) != 2 || e.Type[0] != want[i] || e.Type[1] != consentType {
			return ErrInvalid{"receipt", fmt.Sprintf("event %d", i+1), "is out of order, has no time, or an unknown state"}
		}
		last = at
	}
	return nil
}

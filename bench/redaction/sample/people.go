package sample

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// Names of many places, and some that nobody bears: a list cannot know every name.
var given = strings.Fields(`Maria Olu Priya Chidi Fatima Wei Hiroshi Anneliese Bjorn Siobhan Aoife Niamh Xavier Ximena Yusuf Zeynep Dmitri Oksana Tomasz Agnieszka Jiří Zdeněk
	Ingrid Søren Åsa Mikko Päivi Giorgos Eleni Marco Giulia João Beatriz Rafael Lucía Santiago Camila Émile Margaux Thibault Nguyễn Linh Arjun Deepika Imran Ayesha Kwame Abena
	Tariq Layla Moshe Rivka Seoyeon Minjun Keiko Takumi Mele Kaimana Tāne Aroha Desmond Latoya Brandon Heather Kyle Megan Gareth Rhiannon Callum Isla Dafydd Ola Sigrid`)

var family = strings.Fields(`Okonkwo Adeyemi Ramanathan Chaudhary Haddad Zhang Takahashi Müller Schmidt Lindqvist Kowalczyk Nowak Novák Horváth Papadopoulos Rossi Esposito Fernández
	Oliveira Ferreira Dubois Lefèvre O'Donnell McAllister MacLeod Fitzgerald Abramowitz Goldstein Yılmaz Demir Ivanova Petrenko Shevchenko Kovačević Popescu Nielsen Halvorsen
	Virtanen Tamm Kalniņš Jansen Vermeulen Achterberg Nakamura Park Nguyen Santos Reyes Silva Castillo Mbeki Mensah Banerjee Iyer Siddiqui Rahman Whitaker Hargreaves Pemberton Sutherland Caldwell`)

func invented(r *rand.Rand) string {
	out := ""
	for range 2 + r.IntN(2) {
		out += pick(r, strings.Fields("ba dor ki len mar no quel ri sta tor ul ven wei zo tha bri gan sel")) + pick(r, []string{"", "n", "s", "r", "l"})
	}
	return strings.ToUpper(out[:1]) + out[1:]
}

func person(r *rand.Rand) string {
	g, f := pick(r, given), pick(r, family)
	switch r.IntN(10) {
	case 0:
		return invented(r) + " " + invented(r)
	case 1:
		return g + " " + invented(r)
	case 2:
		return g + " " + some(r, uppers, 1) + ". " + f
	case 3:
		return g
	case 4:
		return g + " " + f + "-" + pick(r, family)
	case 5:
		return g + " van der " + invented(r)
	}
	return g + " " + f
}

var prose = []string{
	"Yesterday % told me that the shipment is late.", "I spoke with % about the contract.", "My name is % and I have a question about my bill.", "Dear %,\n\nthank you for your letter.",
	"Please ask % whether the room is free on Friday.", "% called twice this morning and wants an answer.", "We should invite % to the meeting next week.", "Thanks for your help!\n\nBest regards,\n%",
	"This was written by % in the spring.", "The report that % sent was missing two pages.", "According to %, nothing has changed since then.", "Hi, this is % from the second floor.",
	"Can you forward this to % before noon?", "It was %'s idea to move the desk.", "The nurse said that % can go home tomorrow.", "Mr. % will see you now.", "Patient % came in with a fever.",
	"i talked to % and we agreed to wait", "Her brother % lives next door to us.", "There is a parcel for % at the front desk.", "The account belongs to %, who has not been seen since May.",
}

var fields = []string{
	"Name: %", "Full name: %\nStatus: open", "Customer name: %", "First name: %\n", "\"name\": \"%\",", "Patient name: %\nWard: 4", "Name\t%\tactive", "Contact person: %", "Cardholder: %",
	"Nachname: %", "Nom : %", "Nombre: %", "Employee: %", "Attn: %\nSecond floor", "Emergency contact: %", "Account holder: %\nBranch: North", "Beneficiary name: %", "firstName: %", "Surname: %", "name=%",
}

var monthNames = strings.Fields("January February March April May June July August September October November December")

func birth(r *rand.Rand) string {
	y, m, d := 1930+r.IntN(80), 1+r.IntN(12), 1+r.IntN(28)
	return pick(r, []string{fmt.Sprintf("%04d-%02d-%02d", y, m, d), fmt.Sprintf("%d/%d/%d", m, d, y), fmt.Sprintf("%02d.%02d.%d", d, m, y), fmt.Sprintf("%d %s %d", d, monthNames[m-1], y),
		fmt.Sprintf("%s %d, %d", monthNames[m-1], d, y), fmt.Sprintf("%02d/%02d/%02d", d, m, y%100)})
}

func document(r *rand.Rand) string {
	return pick(r, []func() string{
		func() string { return some(r, digits, 9) },
		func() string { return some(r, uppers, 1) + some(r, digits, 8) },
		func() string { return some(r, uppers, 2) + some(r, digits, 7) },
		func() string { return "C" + some(r, digits+uppers[:6], 3) + some(r, digits, 5) },
		func() string { return some(r, digits, 3) + " " + some(r, digits, 3) + " " + some(r, digits, 4) },
		func() string {
			return some(r, uppers, 1) + some(r, digits, 3) + "-" + some(r, digits, 4) + "-" + some(r, digits, 4)
		},
		func() string { return some(r, digits, 7) },
	})()
}

func street(r *rand.Rand) string {
	name := pick(r, []func() string{func() string { return pick(r, family) }, func() string { return invented(r) }, func() string { return pick(r, strings.Fields("Church Mill Station Park Oak Cedar High Main Lake")) }})()
	n := 1 + r.IntN(290)
	town := pick(r, strings.Fields("Springfield Leeds Bristol Hamburg Köln Lyon Toulouse Sevilla Torino Utrecht Gdańsk Malmö Portland Austin Halifax Dunedin"))
	return pick(r, []string{
		fmt.Sprintf("%d %s %s, %s", n, name, pick(r, strings.Fields("Street Road Avenue Lane Drive Close Court St. Rd Ave Blvd Way Terrace")), town),
		fmt.Sprintf("%d %s Street, Apt. %d, %s, TX %s", n, name, 1+r.IntN(80), town, "7"+some(r, digits, 4)),
		fmt.Sprintf("%s%s %d, %s %s", name, pick(r, []string{"straße", "strasse", "weg", "platz", "allee", "gasse"}), n%99+1, some(r, "123456789", 1)+some(r, digits, 4), town),
		fmt.Sprintf("%d rue %s, %s %s", n, name, "7"+some(r, digits, 4), town),
		fmt.Sprintf("Calle %s %d, %s %s", name, n%99+1, "4"+some(r, digits, 4), town),
		fmt.Sprintf("Via %s %d, %s", name, n%99+1, town),
		fmt.Sprintf("ul. %s %d, %s", name, n%99+1, town),
		fmt.Sprintf("%d %s Road, %s %s%d %d%s", n, name, town, some(r, "BLSM", 1), 1+r.IntN(9), r.IntN(10), some(r, "ABDEFGHJLNPQRSTUWXYZ", 2)),
	})
}

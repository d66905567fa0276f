package redact

import "strings"

// thaiNoName are the beginnings of words that are no part of a name.
var thaiNoName = strings.Fields(`ฝ่าย แผนก บริษัท โรง มหาวิทยาลัย ธนาคาร สำนัก กรม กระทรวง ตำบล ต. อำเภอ อ. จังหวัด ถนน ซอย หมู่ แขวง เขต เลข วัน เวลา ราคา จำนวน การ ความ ที่ ได้ ไม่ จะ และ หรือ เป็น มี ใน ของ รหัส โทร อีเมล
	บ้าน ท่าน เจ้าหน้า ทุก ครั้ง ต้อง สามารถ กรุณา โปรด เพื่อ เมื่อ ตาม ข้อ ระบบ สินค้า บริการ ผู้ พนักงาน ลูกค้า ห้อง ชั้น อาคาร คณะ สาขา ภาค ประเทศ เอกสาร หนังสือ ใบ บัตร บัญชี เรื่อง แล้ว กับ โดย จาก ถึง ว่า นี้ นั้น ซึ่ง ให้ คือ ครับ ค่ะ เรียบร้อย เป็นต้น ราย ประจำ ทั้ง`)

// thaiPart is where a part of a Thai name ends that begins at i, 0 if there is none.
func (c *scripts) thaiPart(i, most int) int {
	end := c.run(i, isThai)
	if n := end - i; n < 2 || n > most || c.hasOne(i, thaiNoName) || isThai(c.g(i)) && c.g(i) >= 0xe30 && c.g(i) <= 0xe3a {
		return 0
	}
	return end
}

// thaiName is where a given and a family name end that begin at i, 0 if there are none.
func (c *scripts) thaiName(i int) int {
	for _, l := range labelsBy[c.g(i)] { // "Mr" before it
		if n := len(l.rest) + 1; l.kind == honourLabel && c.has(i+1, string(l.rest)) {
			if k := c.skip(i + n); isThai(c.g(k)) {
				i = k
			}
			break
		}
	}
	to := c.thaiPart(i, 14)
	if to == 0 || c.g(to) != ' ' {
		return 0
	}
	k := c.skip(to)
	if k-to > 2 {
		return 0
	}
	if end := c.thaiPart(k, 20); end-k >= 3 {
		return end
	}
	return 0
}

// thaiNames takes the name that begins at k, and more behind commas, spaces and "and".
func (s *search) thaiNames(c *scripts, k int) {
	for range 12 {
		if isFigure(c.g(k)) && (c.g(k+1) == '.' || c.g(k+1) == ')') {
			k = c.skip(k + 2)
		}
		end := c.thaiName(k)
		if end == 0 {
			return
		}
		s.scriptAdd(c, k, end, person)
		k = c.skip(end)
		if c.g(k) == ',' {
			k = c.skip(k + 1)
		}
		if c.has(k, "และ") {
			k = c.skip(k + 3)
		}
	}
}

// thaiHonour takes the name behind "Mr" or "Ms" that begins at i and ends at j.
func (s *search) thaiHonour(c *scripts, i, j int) {
	k := c.skip(j)
	if k == j && (c.has(i, "คุณภาพ") || c.has(i, "คุณสมบัติ") || c.has(i, "คุณค่า") || c.has(i, "คุณลักษณะ") || c.has(i, "นายก") || c.has(i, "นายจ้าง") || c.has(i, "นายหน้า") || c.has(i, "นางแบบ")) {
		return
	}
	if end := c.thaiName(k); end > 0 {
		s.scriptAdd(c, k, end, person)
	} else if to := c.thaiPart(k, 14); to > 0 && c.g(to) == ' ' && isThai(c.g(to+1)) && !c.hasOne(to+1, thaiNoName) && c.run(to+1, isThai)-to < 40 {
		s.scriptAdd(c, k, c.run(to+1, isThai), person) // what follows the family name is written to it
	} else if to := c.thaiPart(k, 10); to > 0 && c.g(j-1) != 'ณ' { // a given name alone
		s.scriptAdd(c, k, to, person)
	}
}

// afterThaiName are words that stand behind a name in a list.
var afterThaiName = strings.Fields("รหัส เลข โทร อายุ เกิด ความสัมพันธ์ ตำแหน่ง ที่อยู่ อีเมล")

// thaiRow takes the name with which a line of a list begins: a number or letters of another script stand behind it, or what a list says of people.
func (s *search) thaiRow(c *scripts) {
	k := c.skip(0)
	if f := c.run(k, isFigure); f > k && (c.g(f) == '.' || c.g(f) == ')') {
		k = c.skip(f + 1)
	}
	if !isThai(c.g(k)) {
		return
	}
	if end := c.thaiName(k); end > 0 {
		if b := c.skip(end); b > end && (isASCIIWord(c.g(b)) || c.hasOne(b, afterThaiName)) {
			s.scriptAdd(c, k, end, person)
		}
	}
}

// thaiParts are what the parts of an address are called: houses, villages, streets, districts, provinces.
var thaiParts = strings.Fields("หมู่ที่ หมู่ ม. ซอย ซ. ถนน ถ. ตำบล ต. แขวง อำเภอ อ. เขต จังหวัด จ. กรุงเทพมหานคร กรุงเทพ กทม")

// thaiPlaces takes an address: two parts of one or more, from the number before the first to the last one's name, its province and its code.
func (s *search) thaiPlaces(c *scripts) {
	for i := 0; i < len(c.line); i++ {
		if r := c.g(i); r < 0xe01 || r > 0xe4e || !c.hasOne(i, thaiParts) || isThai(c.g(i-1)) && !thaiLong(c, i) {
			continue
		}
		first, last, count := i, i, 1
		for k := i + 1; k < len(c.line) && k < last+45; k++ {
			if c.hasOne(k, thaiParts) && (!isThai(c.g(k-1)) || thaiLong(c, k)) {
				last, count = k, count+1
			}
		}
		if count < 2 {
			continue
		}
		if k := c.numberBefore(first); k >= 0 {
			first = k
		}
		end := c.run(last, func(r rune) bool { return isThai(r) || r == '.' })
		if k := c.skip(end); isThai(c.g(k)) && k-end <= 1 && !c.hasOne(k, thaiNoName) || isFigure(c.g(k)) { // a name behind its part, or a province without
			end = c.run(k, func(r rune) bool { return isThai(r) || isFigure(r) })
		}
		if k := c.skip(end); isFigure(c.g(k)) && c.run(k, isFigure)-k == 5 {
			end = k + 5
		}
		s.scriptAdd(c, first, end, address)
		i = end
	}
}

// thaiLong tells of parts that are long enough to be told inside of a run of letters.
func thaiLong(c *scripts, i int) bool {
	return c.hasOne(i, []string{"ตำบล", "อำเภอ", "จังหวัด", "ถนน", "แขวง", "กรุงเทพ"})
}

// numberBefore is where the number of a house begins that stands before i with at most a name of twenty characters between, -1 if there is none.
func (c *scripts) numberBefore(i int) int {
	k := i - 1
	for n := 0; k >= 0 && n < 24 && !isFigure(c.g(k)); n++ {
		if r := c.g(k); r != ' ' && !isThai(r) || c.has(k, "ที่ ") {
			return -1
		}
		k--
	}
	if k < 0 || !isFigure(c.g(k)) {
		return -1
	}
	for k > 0 && (isFigure(c.g(k-1)) || c.g(k-1) == '/' || c.g(k-1) == '-') {
		k--
	}
	return k
}

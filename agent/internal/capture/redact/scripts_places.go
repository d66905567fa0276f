package redact

import "strings"

// scriptAddress takes an address in a field, to the end of the line or of the cell.
func (s *search) scriptAddress(c *scripts, k int) {
	end, figures, letters := k, 0, 0
	for end < len(c.line) && end < k+90 {
		r := c.g(end)
		if r == '\t' || r == '|' || r == '"' || r == ';' || r == ' ' && c.g(end+1) == ' ' || r == '→' {
			break
		}
		figures += one(isFigure(r))
		letters += one(ofScript(r))
		end++
	}
	if letters >= 4 && (figures > 0 || letters >= 8) {
		s.scriptAdd(c, k, end, address)
	}
}

// scriptBirth takes the date that begins within some characters of k: 1992년 8월 15일, 1987年4月12日, 14/07/2489, 13 มีนาคม 2538.
func (s *search) scriptBirth(c *scripts, k int) {
	for n := 0; n < 6 && !isFigure(c.g(k)); n++ {
		if c.g(k) == 0 {
			return
		}
		k++
	}
	if !isFigure(c.g(k)) {
		return
	}
	end, last, digits := k, k, 0
	for end < len(c.line) && end < k+24 {
		switch r := c.g(end); {
		case isFigure(r):
			digits++
			last = end + 1
		case strings.ContainsRune("년월일年月日", r):
			last = end + 1
		case r == '.' || r == '/' || r == '-' || r == ' ':
		case isThai(r) && (c.g(end-1) == ' ' || isThai(c.g(end-1)) || c.g(end-1) == '.') && digits <= 2: // the name of a month
		default:
			end = len(c.line)
		}
		end++
	}
	if digits >= 4 && digits <= 8 {
		s.scriptAdd(c, k, last, date)
	}
}

// scriptDocument takes letters and digits behind the name of a document.
func (s *search) scriptDocument(c *scripts, k int) {
	for n := 0; !isASCIIWord(c.g(k)); n++ {
		if n >= 8 && !isThai(c.g(k)) || n >= 20 {
			return
		}
		if c.g(k) == 0 || c.g(k) == ',' || c.g(k) == '.' {
			return
		}
		k++
	}
	end, digits := k, 0
	for isASCIIWord(c.g(end)) || c.g(end) == '-' && isASCIIWord(c.g(end+1)) {
		digits += one(isFigure(c.g(end)))
		end++
	}
	if digits >= 4 && end-k <= 24 {
		s.scriptAdd(c, k, end, document)
	}
}

// scriptPlate takes the number of a vehicle: 12가 3456, กข 1234, 京A12345.
func (s *search) scriptPlate(c *scripts, k int) {
	end := c.run(k, isFigure)
	if n := end - k; n >= 2 && n <= 3 && isHangul(c.g(end)) {
		if d := c.skip(end + 1); d-end <= 2 && c.run(d, isFigure)-d == 4 {
			s.scriptAdd(c, k, d+4, document)
		}
		return
	}
	if d := c.run(end, isThai); d-end >= 1 && d-end <= 3 && end-k <= 1 && !isThai(c.g(k-1)) {
		if f := c.skip(d); c.run(f, isFigure) > f && c.run(f, isFigure)-f <= 4 {
			s.scriptAdd(c, k, c.run(f, isFigure), document)
		}
		return
	}
	if isHan(c.g(k)) && c.g(k+1) >= 'A' && c.g(k+1) <= 'Z' {
		j := k + 2
		for isASCIIWord(c.g(j)) || c.g(j) == '·' || c.g(j) == '-' {
			j++
		}
		if j-k >= 7 && j-k <= 10 {
			s.scriptAdd(c, k, j, document)
		}
	}
}

// hangulProvinces begin an address.
var hangulProvinces = strings.Fields("서울 부산 대구 인천 광주 대전 울산 세종 경기 강원 충청 충북 충남 전라 전북 전남 경상 경북 경남 제주")

// hangulPlaces takes a Korean address: from the province over districts and streets to the last number of the line that belongs to it.
func (s *search) hangulPlaces(c *scripts) {
	for i := 0; i < len(c.line); i++ {
		if !isHangul(c.g(i)) || isHangul(c.g(i-1)) || !c.hasOne(i, hangulProvinces) {
			continue
		}
		end, districts := i, 0
		for k := i; k < len(c.line) && k < i+70; k++ {
			r := c.g(k)
			switch {
			case isFigure(r):
				if districts > 0 {
					end = k + 1
					for isFigure(c.g(end)) || c.g(end) == '-' || strings.ContainsRune("호층동번지길로가", c.g(end)) && c.g(end) != 0 {
						end++
					}
					k = end - 1
				}
			case isHangul(r):
				if strings.ContainsRune("시군구읍면동로길가리", r) && k > i+1 && (!isHangul(c.g(k+1)) || strings.ContainsRune("시구읍면", r)) {
					districts++
				}
			case r == ' ' && c.g(k+1) == ' ', r == '→', r == '.', r == ':', r == '|', r == '\t', r == '"':
				k = len(c.line)
			case r == ' ' && end > i && !isFigure(c.g(k+1)) && c.g(k-1) != ',' && k > end+12:
				k = len(c.line)
			}
		}
		if end == i || districts < 1 {
			continue
		}
		if rest := c.skip(end); c.g(rest) == ',' || c.g(rest) == '(' { // the name of a building
			if to := len(c.line); to-rest <= 30 && !strings.HasSuffix(c.word(rest, to), "다.") {
				end = to
			}
		}
		s.scriptAdd(c, i, end, address)
		i = end
	}
}

const (
	hanAreas  = "都道府県省市州县縣区區郡"
	hanParts  = "市区區町村郡路街巷弄镇鎮县縣里乡鄉道丁"
	hanNumber = "号號弄楼樓室栋棟幢单單元座层層丁目番地の之階F-−–ー"
)

// hanPlaces takes a Chinese or Japanese address: an area, a part of it, and a number.
func (s *search) hanPlaces(c *scripts) {
	letter := func(r rune) bool { return isHan(r) || isKana(r) }
	for i := 1; i < len(c.line); i++ {
		if !isHan(c.g(i)) || !strings.ContainsRune(hanAreas, c.g(i)) || !isHan(c.g(i-1)) {
			continue
		}
		part, d := false, i+1
		for d < len(c.line) && d < i+28 && !isFigure(c.g(d)) && (letter(c.g(d)) || c.g(d) == ' ') {
			part = part || strings.ContainsRune(hanParts, c.g(d))
			d++
		}
		if !part || !isFigure(c.g(d)) {
			continue
		}
		end, marks := d, 0
		for end < len(c.line) && (isASCIIWord(c.g(end)) || strings.ContainsRune(hanNumber, c.g(end))) {
			marks += one(!isASCIIWord(c.g(end)))
			end++
		}
		if strings.ContainsRune("年月日人个個件円元万億%℃時点分", c.g(end)) && c.g(end) != 0 || marks == 0 && end-d > 5 {
			continue
		}
		first := i
		for first > 0 && letter(c.g(first-1)) && i-first < 4 {
			first--
		}
		first = c.codeBefore(first)
		if rest := c.skip(end); len(c.line)-rest <= 16 && rest > end { // a building behind a space
			end = len(c.line)
		}
		s.scriptAdd(c, first, end, address)
		i = end
	}
}

// codeBefore is where a postcode begins that stands before i, with its mark; i if there is none.
func (c *scripts) codeBefore(i int) int {
	k := i
	if c.g(k-1) == ' ' {
		k--
	}
	from := k
	for k > 0 && (isFigure(c.g(k-1)) || c.g(k-1) == '-') {
		k--
	}
	if from-k < 5 || from-k > 8 {
		return i
	}
	if c.g(k-1) == '〒' {
		k--
	}
	return k
}

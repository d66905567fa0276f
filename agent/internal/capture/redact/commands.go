package redact

import "bytes"

// commands take a password behind one of their flags; "" is for those that have it in a place of its own (loose). WIFI: is what a code to join a
// network says.
var commands = map[string][]string{
	"sshpass ": {" -p"}, "mysql ": {" -p"}, "mysqldump ": {" -p"}, "mysqladmin ": {" -p"}, "wifi:": {"P:"},
	"docker login ": {" -p ", " --password "}, "az login ": {" -p ", " --password "}, "podman login ": {" -p ", " --password "}, "mongosh ": {" -p ", " --password "}, "mongodump ": {" -p "}, "psexec ": {" -p "}, "unzip ": {" -P "}, "7z ": {" -p"},
	"redis-cli ": {" -a "}, "ldapsearch ": {" -w "}, "ldapmodify ": {" -w "}, "ldapadd ": {" -w "}, "ldapwhoami ": {" -w "}, "sqlcmd ": {" -P "}, "ipmitool ": {" -P "}, "snmpwalk ": {" -A "},
	"curl ": {" -u ", " --user "}, "smbclient ": {" -U "}, "rpcclient ": {" -U "}, "xfreerdp ": {" /p:"}, "mstsc ": {" /p:"}, "cmdkey ": {" /pass:"},
	"/user:": {""}, "htpasswd -b ": {""}, "securestring ": {""}, "sudo -s": {""}, "passwd --stdin": {""}, "chpasswd": {""}, "login ": {""},
	"identified by ": {""}, "sp_addlogin ": {""}, "values (": {""}, "values(": {""},
	"login(": {""}, "auth=(": {""}, "auth(": {""}, "authenticate(": {""},
}

// command takes the password out of a command that begins at start; its name ends at end.
func (s *search) command(start, end int) {
	row := s.text[end:min(len(s.text), end+512)]
	if i := bytes.IndexByte(row, '\n'); i >= 0 {
		row = row[:i]
	}
	var room [24]byte
	name := room[:0]
	for _, c := range s.text[start:end] {
		name = append(name, lower(c))
	}
	for _, flag := range commands[string(name)] {
		if flag == "" {
			s.loose(name, start, end, row)
			continue
		}
		i := bytes.Index(s.text[end-1:end+len(row)], []byte(flag))
		if i < 0 {
			continue
		}
		i += end - 1 + len(flag)
		spaced := flag[len(flag)-1] == ' ' || name[0] == 's' && flag == " -p"
		for i < end+len(row) && (s.quoteAt(i) == 1 || s.text[i] == ' ' && spaced) {
			i++
		}
		j := i
		for j < end+len(row) && s.text[j] > ' ' && s.text[j] != '\'' && s.text[j] != '"' && !(flag == "P:" && s.text[j] == ';') {
			j++
		}
		if mark := userMark(flag); mark != 0 { // the name stands before it
			n := bytes.IndexByte(s.text[i:j], mark)
			if n < 0 {
				continue
			}
			if i += n + 1; mark == ':' && !strong(s.text[i:j]) {
				continue // user:password
			}
		}
		s.password(i, j)
	}
}

// userMark is what parts a name from a password behind a flag, 0 if no name stands there.
func userMark(flag string) byte {
	switch flag {
	case " -u ", " --user ":
		return ':'
	case " -U ":
		return '%'
	}
	return 0
}

// password takes a value that a command has in the place of a password.
func (s *search) password(start, end int) {
	if end-start >= 3 && !notSecret(s.text[start:end]) {
		s.add(start, end, secret)
	}
}

// loose takes the passwords that commands have in a place of its own: the word before a pipe, a quoted one, the last one, the one behind "password".
func (s *search) loose(name []byte, start, end int, row []byte) {
	if name[0] == 'v' {
		s.inserted(start, end)
		return
	}
	if name[len(name)-1] == '(' {
		s.argument(end, row)
		return
	}
	words := bytes.Fields(row)
	switch name[0] {
	case 'c': // echo bob:hunter22 | chpasswd
		if from, to := s.echoed(start); from < to {
			if n := bytes.IndexByte(s.text[from:to], ':'); n >= 0 {
				s.password(from+n+1, to)
			}
		}
	case 'p': // echo hunter22 | passwd --stdin
		s.password(s.echoed(start))
	case 's': // echo hunter22 | sudo -S; ConvertTo-SecureString "hunter22" -AsPlainText
		if name[1] == 'u' {
			s.password(s.echoed(start))
		} else if name[1] == 'p' { // sp_addlogin 'bob', 'hunter22'
			s.second(end, row)
		} else if n := s.quoteAt(end); n > 0 {
			s.password(end+n, s.valueEnd(end+n))
		}
	case '/': // net use Z: \\files\share hunter22 /user:bob
		line := s.text[max(0, start-longestPipe):start]
		line = line[bytes.LastIndexByte(line, '\n')+1:]
		before := bytes.Fields(line)
		if n := len(before); n > 3 && bytes.Contains(line, []byte("use ")) {
			if w := before[n-1]; w[0] != '\\' && w[0] != '*' && w[len(w)-1] != ':' {
				i := start - len(line) + bytes.LastIndex(line, w)
				s.password(i, i+len(w))
			}
		}
		if n := len(words); n >= 2 && n <= 4 && words[1][0] != '/' && bytes.Contains(line, []byte("use ")) { // net use Z: \\files\share /user:bob hunter22
			i := end + bytes.Index(row, words[0]) + len(words[0]) + 1
			s.password(i, i+len(words[1]))
		}
	case 'i': // CREATE USER bob IDENTIFIED BY 'hunter22'
		if n := s.quoteAt(end); n > 0 {
			s.password(end+n, s.valueEnd(end+n))
		} else if v := s.text[end:s.valueEnd(end)]; strong(bytes.TrimRight(v, ";,")) {
			s.password(end, end+len(bytes.TrimRight(v, ";,")))
		}
	case 'h': // htpasswd -b file bob hunter22
		if len(words) >= 3 {
			s.password(end+len(row)-len(words[len(words)-1]), end+len(row))
		}
	case 'l': // machine example.org login bob password hunter22
		if len(words) >= 3 && string(words[1]) == "password" {
			i := end + bytes.Index(row, []byte(" password ")) + len(" password ")
			s.password(i, s.valueEnd(i))
		}
		if below := end + len(row) + 1; len(words) == 1 && below < len(s.text) {
			i := below
			for i < len(s.text) && (s.text[i] == ' ' || s.text[i] == '\t') {
				i++
			}
			if n := s.wordAt(i, secondLine[:]); n > 0 {
				s.password(i+n, s.valueEnd(i+n))
			}
		}
	}
}

// argument takes the last text in the call of a function that logs in: auth=("bob", "hunter22").
func (s *search) argument(at int, row []byte) {
	n, from, open := 0, 0, byte(0)
	for i, c := range row {
		switch {
		case open == 0 && (c == '"' || c == '\''):
			open, from = c, i+1
		case c == open && open != 0:
			open = 0
			if n++; n > 1 && i+1 < len(row) && row[i+1] == ')' && strong(row[from:i]) {
				s.password(at+from, at+i)
				return
			}
		case c == ')' && open == 0, n > 4:
			return
		}
	}
}

// second takes the second text between quotes in the arguments of a command.
func (s *search) second(at int, row []byte) {
	part := bytes.SplitN(row, []byte("'"), 5)
	if len(part) == 5 {
		from := at + len(part[0]) + len(part[1]) + len(part[2]) + 3
		s.password(from, from+len(part[3]))
	}
}

// secondLine is how the line of a password begins in a file of logins.
var secondLine = [...]string{"password "}

// longestPipe is how far before a command the words stand that are given on to it: a row may have many commands, and each looks back.
const longestPipe = 512

// echoed is the word behind "echo" that a pipe before start gives on.
func (s *search) echoed(start int) (from, end int) {
	line := s.text[max(0, start-longestPipe):start]
	line = line[bytes.LastIndexByte(line, '\n')+1:]
	from = bytes.LastIndex(line, []byte("echo "))
	to := bytes.LastIndexByte(line, '|')
	if from < 0 || to < from {
		return 0, 0
	}
	base := start - len(line)
	from, to = base+from+len("echo "), base+to
	for from < to && (s.text[from] == ' ' || s.text[from] == '-' || s.quoteAt(from) == 1) {
		from++
	}
	for end = from; end < to && s.text[end] > ' ' && s.quoteAt(end) == 0; end++ {
	}
	return from, end
}

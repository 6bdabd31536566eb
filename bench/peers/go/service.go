// What the two peers in Go share: Codestream's words and signatures, so that they differ in nothing
// but the library that carries them.  It knows no HTTP.
package main

import (
	"bufio"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"net/url"
	"os"
	"regexp"
	"strings"
	"sync"
	"time"
)

const (
	hub          = "codestream"
	clientPath   = "/clients/socketio/hubs/" + hub
	tokenSeconds = 3600
	maxBody      = 1 << 20
	// A kept connection that is closed would cost a new one.
	maxKept   = 4096
	restLimit = 8 * time.Second
	http202   = 202  // what a send that is accepted is answered with
	maxLines  = 8192 // of the log, that wait
)

type service struct {
	endpoint string
	key      *signer
	secret   *signer // of writer keys
	log      chan string
}

// ---- tokens ----

// Keeps the states that HMAC makes of its key: Reset goes back to them.
type signer struct {
	states sync.Pool
}

func newSigner(key []byte) *signer {
	return &signer{sync.Pool{New: func() interface{} { return hmac.New(sha256.New, key) }}}
}

func (s *signer) sign(text string) []byte {
	mac := s.states.Get().(hash.Hash)
	mac.Reset()
	mac.Write([]byte(text))
	sum := mac.Sum(nil)
	s.states.Put(mac)
	return sum
}

func base64url(bytes []byte) string {
	return base64.RawURLEncoding.EncodeToString(bytes)
}

type claims struct {
	IssuedAt int64  `json:"iat"`
	Expires  int64  `json:"exp"`
	Audience string `json:"aud"`
	Subject  string `json:"sub,omitempty"`
}

var jwtHeader = base64url([]byte(`{"alg":"HS256","typ":"JWT"}`))

func (s *service) mint(audience, subject string) (string, error) {
	now := time.Now().Unix()
	payload, err := json.Marshal(claims{now, now + tokenSeconds, audience, subject})
	if err != nil {
		return "", err
	}
	text := jwtHeader + "." + base64url(payload)
	return text + "." + base64url(s.key.sign(text)), nil
}

// ---- negotiate ----

type grant struct {
	URL       string `json:"url"`
	Endpoint  string `json:"endpoint"`
	Path      string `json:"path"`
	Token     string `json:"token"`
	Room      string `json:"room_id"`
	Role      string `json:"role"`
	WriterKey string `json:"writer_key"`
	ExpiresIn int    `json:"expires_in"`
}

func (s *service) grantRoom() ([]byte, error) {
	var seed [16]byte
	if _, err := rand.Read(seed[:]); err != nil {
		return nil, err
	}
	room := base64url(seed[:])
	token, err := s.mint(s.endpoint+clientPath, "w."+room)
	if err != nil {
		return nil, err
	}
	return json.Marshal(grant{
		s.endpoint + "/?access_token=" + token, s.endpoint, clientPath, token, room, "writer",
		base64url(s.secret.sign("codestream writer key\n" + room)), tokenSeconds,
	})
}

// ---- events ----

// Is one of the signatures in the header ours?
func (s *service) isSigned(connection, header string) bool {
	ours := []byte(hex.EncodeToString(s.key.sign(connection)))
	for _, item := range strings.Split(header, ",") {
		theirs := strings.TrimPrefix(strings.TrimSpace(item), "sha256=")
		if hmac.Equal(ours, []byte(strings.ToLower(theirs))) {
			return true
		}
	}
	return false
}

var packetPattern = regexp.MustCompile(`^42([0-9]*)\[`)

type order struct {
	Room string          `json:"room_id"`
	Data json.RawMessage `json:"data"`
}

type message struct {
	Type string          `json:"type"`
	Data json.RawMessage `json:"data"`
}

// What a sendToRoom packet asks for, if its sender may.
func readSend(user string, packet []byte) (ack, room string, out []byte, err error) {
	var list [2]json.RawMessage
	var name string
	var asked order
	match := packetPattern.FindSubmatch(packet)
	if match == nil {
		return "", "", nil, errors.New("not an event")
	}
	if err = json.Unmarshal(packet[len(match[0])-1:], &list); err != nil {
		return "", "", nil, err
	}
	if err = json.Unmarshal(list[0], &name); err != nil {
		return "", "", nil, err
	}
	if err = json.Unmarshal(list[1], &asked); err != nil {
		return "", "", nil, err
	}
	room = strings.TrimPrefix(user, "w.")
	if name != "sendToRoom" || room == user || strings.TrimSuffix(asked.Room, "-control") != room {
		return "", "", nil, errors.New("not allowed")
	}
	text, err := json.Marshal([]interface{}{"message", message{"editorMessage", asked.Data}})
	return string(match[1]), room, append([]byte("42"), text...), err
}

func groupOf(room string) string {
	return "0~Lw~" + base64url([]byte(room))
}

// Where a message for everybody in a room but its sender is sent to, and what lets it in there.
func (s *service) authorise(room, socket string) (target, bearer string, err error) {
	filter := url.QueryEscape("not ('" + groupOf(socket) + "' in groups)")
	target = s.endpoint + "/api/hubs/" + hub + "/groups/" + groupOf(room) +
		"/:send?api-version=2024-01-01&filter=" + strings.ReplaceAll(filter, "+", "%20")
	token, err := s.mint(target, "")
	return target, "Bearer " + token, err
}

// Whether the service has taken it.
func accepted(status int) error {
	if status == http202 {
		return nil
	}
	return fmt.Errorf("the service answered %d", status)
}

// The packet that answers a client that wants an acknowledgement.
func acknowledgement(ack string) string {
	return "43" + ack + `[{"success":true}]`
}

// ---- log ----

// A line for which there is no room is lost: nobody waits for the log.
func (s *service) logRequest(method, path string, status int, start time.Time) {
	line := fmt.Sprintf("%s %s status=%d us=%d\n", method, path, status, time.Since(start).Microseconds())
	select {
	case s.log <- line:
	default:
	}
}

// All that have come meanwhile are written at once.
func writeLog(lines chan string) {
	out := bufio.NewWriterSize(os.Stdout, 1<<16)
	for line := range lines {
		out.WriteString(line)
		if len(lines) == 0 {
			out.Flush()
		}
	}
}

// ---- starting ----

func newService(connection string) (*service, error) {
	s := &service{}
	var key []byte
	for _, part := range strings.Split(connection, ";") {
		pair := strings.SplitN(part, "=", 2)
		switch strings.ToLower(pair[0]) {
		case "endpoint":
			s.endpoint = strings.TrimRight(pair[len(pair)-1], "/")
		case "accesskey":
			key = []byte(pair[len(pair)-1])
		}
	}
	if s.endpoint == "" || len(key) == 0 {
		return nil, errors.New("the connection string needs an Endpoint and an AccessKey")
	}
	s.key = newSigner(key)
	s.secret = newSigner(s.key.sign("codestream secret\n"))
	s.log = make(chan string, maxLines)
	go writeLog(s.log)
	return s, nil
}

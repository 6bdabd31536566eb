// Peer: Go with its standard library only.  It answers what the handler answers, in the way a Go
// programmer would write it by hand: data passes through as json.RawMessage.
package main

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
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
)

type service struct {
	endpoint string
	key      []byte
	secret   []byte // signs writer keys
	rest     *http.Client
}

// ---- tokens ----

func sign(key []byte, text string) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(text))
	return mac.Sum(nil)
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
	return text + "." + base64url(sign(s.key, text)), nil
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
		base64url(sign(s.secret, "codestream writer key\n"+room)), tokenSeconds,
	})
}

func (s *service) negotiate(w http.ResponseWriter, r *http.Request) {
	body, err := s.grantRoom()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.Write(body)
}

// ---- events ----

// Is one of the signatures in the header ours?
func (s *service) isSigned(connection, header string) bool {
	ours := []byte(hex.EncodeToString(sign(s.key, connection)))
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

func (s *service) send(room, socket string, packet []byte) error {
	filter := url.QueryEscape("not ('" + groupOf(socket) + "' in groups)")
	target := s.endpoint + "/api/hubs/" + hub + "/groups/" + groupOf(room) +
		"/:send?api-version=2024-01-01&filter=" + strings.ReplaceAll(filter, "+", "%20")
	token, err := s.mint(target, "")
	if err != nil {
		return err
	}
	request, err := http.NewRequest(http.MethodPost, target, bytes.NewReader(packet))
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+token)
	request.Header.Set("Content-Type", "text/plain")
	answer, err := s.rest.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if _, err = io.Copy(io.Discard, answer.Body); err != nil {
		return err
	}
	if answer.StatusCode != http.StatusAccepted {
		return fmt.Errorf("the service answered %d", answer.StatusCode)
	}
	return nil
}

func (s *service) event(w http.ResponseWriter, r *http.Request) {
	packet, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if !s.isSigned(r.Header.Get("ce-connectionId"), r.Header.Get("ce-signature")) {
		http.Error(w, "not signed by the service", http.StatusUnauthorized)
		return
	}
	ack, room, out, err := readSend(r.Header.Get("ce-userId"), packet)
	if err == nil {
		err = s.send(room, r.Header.Get("ce-socketId"), out)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	if ack == "" {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	io.WriteString(w, "43"+ack+`[{"success":true}]`)
}

// ---- starting ----

func newService(connection string) (*service, error) {
	s := &service{}
	for _, part := range strings.Split(connection, ";") {
		pair := strings.SplitN(part, "=", 2)
		switch strings.ToLower(pair[0]) {
		case "endpoint":
			s.endpoint = strings.TrimRight(pair[len(pair)-1], "/")
		case "accesskey":
			s.key = []byte(pair[len(pair)-1])
		}
	}
	if s.endpoint == "" || len(s.key) == 0 {
		return nil, errors.New("the connection string needs an Endpoint and an AccessKey")
	}
	s.secret = sign(s.key, "codestream secret\n")
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConns = maxKept
	transport.MaxIdleConnsPerHost = maxKept
	s.rest = &http.Client{Transport: transport, Timeout: restLimit}
	return s, nil
}

func main() {
	s, err := newService(os.Getenv("WebPubSubForSocketIOConnectionString"))
	if err != nil {
		log.Fatal(err)
	}
	http.HandleFunc("/negotiate", s.negotiate)
	http.HandleFunc("/eventhandler", s.event)
	listener, err := net.Listen("tcp", "127.0.0.1:"+os.Getenv("PORT"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("listening %d\n", listener.Addr().(*net.TCPAddr).Port)
	log.Fatal(http.Serve(listener, nil))
}

// Peer: Go with its standard library only, in the way a Go programmer would write it by hand: data
// passes through as json.RawMessage.
package main

import (
	"bytes"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"time"
)

type peer struct {
	*service
	rest *http.Client
}

func (p *peer) negotiate(w http.ResponseWriter, r *http.Request) {
	body, err := p.grantRoom()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.Write(body)
}

func (p *peer) send(room, socket string, packet []byte) error {
	target, bearer, err := p.authorise(room, socket)
	if err != nil {
		return err
	}
	request, err := http.NewRequest(http.MethodPost, target, bytes.NewReader(packet))
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", bearer)
	request.Header.Set("Content-Type", "text/plain")
	answer, err := p.rest.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if _, err = io.Copy(io.Discard, answer.Body); err != nil {
		return err
	}
	return accepted(answer.StatusCode)
}

func (p *peer) event(w http.ResponseWriter, r *http.Request) {
	packet, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if !p.isSigned(r.Header.Get("ce-connectionId"), r.Header.Get("ce-signature")) {
		http.Error(w, "not signed by the service", http.StatusUnauthorized)
		return
	}
	ack, room, out, err := readSend(r.Header.Get("ce-userId"), packet)
	if err == nil {
		err = p.send(room, r.Header.Get("ce-socketId"), out)
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
	io.WriteString(w, acknowledgement(ack))
}

// Remembers the status for the log.
type answer struct {
	http.ResponseWriter
	status int
}

func (a *answer) WriteHeader(status int) {
	a.status = status
	a.ResponseWriter.WriteHeader(status)
}

func (p *peer) logged(handle http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		a := &answer{w, http.StatusOK}
		handle(a, r)
		p.logRequest(r.Method, r.URL.Path, a.status, start)
	}
}

func main() {
	s, err := newService(os.Getenv("WebPubSubForSocketIOConnectionString"))
	if err != nil {
		log.Fatal(err)
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConns = maxKept
	transport.MaxIdleConnsPerHost = maxKept
	p := &peer{s, &http.Client{Transport: transport, Timeout: restLimit}}
	http.HandleFunc("/negotiate", p.logged(p.negotiate))
	http.HandleFunc("/eventhandler", p.logged(p.event))
	listener, err := net.Listen("tcp", "127.0.0.1:"+os.Getenv("PORT"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("listening %d\n", listener.Addr().(*net.TCPAddr).Port)
	log.Fatal(http.Serve(listener, nil))
}

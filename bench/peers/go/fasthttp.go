// Peer: Go with fasthttp, which keeps and uses again what net/http makes anew for each request.
package main

import (
	"fmt"
	"log"
	"net"
	"os"
	"time"

	"github.com/valyala/fasthttp"
)

type peer struct {
	*service
	rest *fasthttp.Client
}

func (p *peer) negotiate(c *fasthttp.RequestCtx) {
	body, err := p.grantRoom()
	if err != nil {
		c.Error(err.Error(), fasthttp.StatusInternalServerError)
		return
	}
	c.SetContentType("application/json")
	c.Response.Header.Set("Cache-Control", "no-store")
	c.SetBody(body)
}

func (p *peer) send(room, socket string, packet []byte) error {
	target, bearer, err := p.authorise(room, socket)
	if err != nil {
		return err
	}
	request, answer := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
	defer fasthttp.ReleaseRequest(request)
	defer fasthttp.ReleaseResponse(answer)
	request.SetRequestURI(target)
	request.Header.SetMethod(fasthttp.MethodPost)
	request.Header.Set("Authorization", bearer)
	request.Header.SetContentType("text/plain")
	request.SetBodyRaw(packet)
	if err = p.rest.DoTimeout(request, answer, restLimit); err != nil {
		return err
	}
	return accepted(answer.StatusCode())
}

func (p *peer) event(c *fasthttp.RequestCtx) {
	header := func(name string) string { return string(c.Request.Header.Peek(name)) }
	if !p.isSigned(header("ce-connectionId"), header("ce-signature")) {
		c.Error("not signed by the service", fasthttp.StatusUnauthorized)
		return
	}
	ack, room, out, err := readSend(header("ce-userId"), c.PostBody())
	if err == nil {
		err = p.send(room, header("ce-socketId"), out)
	}
	if err != nil {
		c.Error(err.Error(), fasthttp.StatusInternalServerError)
		return
	}
	if ack == "" {
		c.SetStatusCode(fasthttp.StatusNoContent)
		return
	}
	c.SetContentType("text/plain; charset=utf-8")
	c.SetBodyString(acknowledgement(ack))
}

func (p *peer) answer(c *fasthttp.RequestCtx) {
	start := time.Now()
	path := string(c.Path())
	switch path {
	case "/negotiate":
		p.negotiate(c)
	case "/eventhandler":
		p.event(c)
	default:
		c.SetStatusCode(fasthttp.StatusNotFound)
	}
	p.logRequest(string(c.Method()), path, c.Response.StatusCode(), start)
}

func main() {
	s, err := newService(os.Getenv("WebPubSubForSocketIOConnectionString"))
	if err != nil {
		log.Fatal(err)
	}
	p := &peer{s, &fasthttp.Client{MaxConnsPerHost: maxKept, DisablePathNormalizing: true}}
	listener, err := net.Listen("tcp", "127.0.0.1:"+os.Getenv("PORT"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("listening %d\n", listener.Addr().(*net.TCPAddr).Port)
	server := &fasthttp.Server{Handler: p.answer, MaxRequestBodySize: maxBody}
	log.Fatal(server.Serve(listener))
}

// A Socket.IO client of Web PubSub in Go: github.com/zishang520/socket.io. Commands and events are
// JSON lines, as ../python/client.py describes them.
package main

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"os"
	"sync"

	engine "github.com/zishang520/socket.io/clients/engine/v3"
	"github.com/zishang520/socket.io/clients/engine/v3/transports"
	"github.com/zishang520/socket.io/clients/socket/v3"
	"github.com/zishang520/socket.io/v3/pkg/types"
)

type command struct {
	Do, Endpoint, Path, Token, TokenIn, Namespace, Name string
	Transports, Namespaces                              []string
	Args                                                []any
}

var (
	output  sync.Mutex
	sockets = map[string]*socket.Socket{}
	manager *socket.Manager
)

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var order command
		json.Unmarshal(lines.Bytes(), &order)
		switch order.Do {
		case "connect":
			connect(order)
		case "emit":
			sockets[order.Namespace].Emit(order.Name, read(order.Args)...)
		case "ask":
			ask(order)
		case "transport":
			tell("transport", "", manager.Engine().Transport().Name())
		}
	}
}

func connect(order command) {
	options := socket.DefaultOptions()
	options.SetPath(order.Path)
	options.SetReconnectionDelay(100) // short, for a test's sake
	options.SetReconnectionDelayMax(200)
	found := map[string]engine.TransportCtor{"polling": transports.Polling, "websocket": transports.WebSocket}
	wanted := types.NewSet[engine.TransportCtor]()
	for _, name := range order.Transports {
		wanted.Add(found[name])
	}
	options.SetTransports(wanted)
	query, endpoint := url.Values{"access_token": {order.Token}}, order.Endpoint
	if order.TokenIn == "url" {
		endpoint += "/?" + query.Encode()
	} else {
		options.SetQuery(query)
	}
	manager = socket.NewManager(endpoint, options)
	for _, namespace := range order.Namespaces {
		open(namespace, options)
	}
}

func open(namespace string, options *socket.Options) {
	s := manager.Socket(namespace, options)
	sockets[namespace] = s
	names := map[string]string{"connect": "connect", "connect_error": "refused", "disconnect": "disconnect",
		"welcome": "welcome", "values": "values", "bytes": "bytes", "tick": "tick"}
	for event, name := range names {
		s.On(types.EventName(event), func(args ...any) { tell(name, namespace, args...) })
	}
}

func ask(order command) {
	sockets[order.Namespace].EmitWithAck(order.Name, read(order.Args)...)(func(args []any, err error) {
		if err == nil {
			tell("ack", order.Namespace, args...)
		}
	})
}

func read(args []any) []any {
	for i, arg := range args {
		if object, ok := arg.(map[string]any); ok && object["$bytes"] != nil {
			args[i], _ = base64.StdEncoding.DecodeString(object["$bytes"].(string))
		}
	}
	return args
}

// Attachments come as readers, and errors as errors.
func tell(event, namespace string, args ...any) {
	shown := make([]any, len(args))
	for i, arg := range args {
		switch value := arg.(type) {
		case io.Reader:
			bytes, _ := io.ReadAll(value)
			shown[i] = map[string]any{"$bytes": bytes}
		case error:
			shown[i] = value.Error()
		default:
			shown[i] = value
		}
	}
	line, _ := json.Marshal(map[string]any{"event": event, "namespace": namespace, "args": shown})
	output.Lock()
	defer output.Unlock()
	fmt.Println(string(line))
}

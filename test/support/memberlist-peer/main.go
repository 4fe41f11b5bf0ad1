// A member made of hashicorp/memberlist itself, for tests of the wire against the real library.
// It prints one JSON line per event and reads commands: "leave", "members", "meta TEXT".
package main

import (
	"bufio"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/hashicorp/memberlist"
)

type line struct {
	Event string   `json:"event"`
	Node  string   `json:"node,omitempty"`
	Meta  string   `json:"meta,omitempty"`
	Names []string `json:"names,omitempty"`
}

func print(l line) {
	text, _ := json.Marshal(l)
	fmt.Println(string(text))
}

type delegate struct{ meta []byte }

func (d *delegate) NodeMeta(int) []byte                    { return d.meta }
func (d *delegate) NotifyMsg([]byte)                       {}
func (d *delegate) GetBroadcasts(int, int) [][]byte        { return nil }
func (d *delegate) LocalState(bool) []byte                 { return nil }
func (d *delegate) MergeRemoteState([]byte, bool)          {}
func (d *delegate) NotifyJoin(n *memberlist.Node)          { print(line{"join", n.Name, string(n.Meta), nil}) }
func (d *delegate) NotifyLeave(n *memberlist.Node)         { print(line{"leave", n.Name, "", nil}) }
func (d *delegate) NotifyUpdate(n *memberlist.Node)        { print(line{"update", n.Name, string(n.Meta), nil}) }

func main() {
	name := flag.String("name", "", "member name")
	bind := flag.String("bind", "127.0.0.1", "address")
	port := flag.Int("port", 7946, "port")
	key := flag.String("key", "", "hex key")
	join := flag.String("join", "", "comma list of addresses")
	probe := flag.Duration("probe", 0, "probe interval, 0: LAN defaults")
	flag.Parse()
	config := memberlist.DefaultLANConfig()
	config.Name, config.BindAddr, config.BindPort, config.AdvertisePort = *name, *bind, *port, *port
	config.LogOutput = io.Discard
	d := &delegate{}
	config.Delegate, config.Events = d, d
	if *probe > 0 {
		config.ProbeInterval, config.ProbeTimeout = *probe, *probe/2
	}
	if *key != "" {
		octets, err := hex.DecodeString(*key)
		if err != nil {
			panic(err)
		}
		config.SecretKey = octets
	}
	list, err := memberlist.Create(config)
	if err != nil {
		panic(err)
	}
	if *join != "" {
		if _, err := list.Join(strings.Split(*join, ",")); err != nil {
			print(line{"joinFailed", err.Error(), "", nil})
		}
	}
	print(line{"ready", "", "", nil})
	input := bufio.NewScanner(os.Stdin)
	for input.Scan() {
		word, rest, _ := strings.Cut(input.Text(), " ")
		switch word {
		case "leave":
			_ = list.Leave(2 * time.Second)
			_ = list.Shutdown()
			print(line{"left", "", "", nil})
			return
		case "meta":
			d.meta = []byte(rest)
			_ = list.UpdateNode(2 * time.Second)
		case "members":
			names := []string{}
			for _, m := range list.Members() {
				names = append(names, m.Name)
			}
			print(line{"members", "", "", names})
		}
	}
}

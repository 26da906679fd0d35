iptables -P OUTPUT DROP
iptables --new-chain agents
iptables --append OUTPUT --jump agents
iptables --append agents --destination 192.0.2.9 --jump RETURN
iptables --append agents --destination 192.0.2.0/24 --protocol tcp --match multiport --destination-ports 443,8443 --jump ACCEPT
iptables -A OUTPUT -d 192.0.2.9 -p tcp --dport 22 -g agents

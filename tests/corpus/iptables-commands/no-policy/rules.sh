# What the chain's policy is, and which rules were there, no line says.
iptables -A OUTPUT -d 192.0.2.1 -j ACCEPT
iptables -A OUTPUT -d 192.0.2.2 -j DROP

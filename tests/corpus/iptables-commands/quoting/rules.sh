iptables -P OUTPUT DROP
iptables -A OUTPUT -d 192.0.2.1 -m comment --comment 'a; b "c" # d' -j ACCEPT # -d 0.0.0.0/0
iptables -A OUTPUT -d 192.0.2.2 -m comment --comment "it's; \"quoted\" \\ -j DROP" -j ACCEPT
iptables -A OUTPUT -d 192.0.2.3 -m comment --comment a\ b -j ACCEPT
# iptables -A OUTPUT -j ACCEPT

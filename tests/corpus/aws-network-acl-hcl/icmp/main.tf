resource "aws_network_acl" "main" {
  vpc_id = aws_vpc.main.id
  egress {
    rule_no   = 100
    action    = "allow"
    protocol  = "icmp"
    cidr_block = "192.0.2.0/24"
    from_port = 0
    to_port   = 0
    icmp_type = 8
    icmp_code = 0
  }
  ingress {
    rule_no   = 100
    action    = "allow"
    protocol  = "icmp"
    cidr_block = "192.0.2.0/24"
    from_port = 0
    to_port   = 0
    icmp_type = 0
    icmp_code = 0
  }
  egress {
    rule_no   = 110
    action    = "allow"
    protocol  = "58"
    ipv6_cidr_block = "2001:db8::/32"
    from_port = 0
    to_port   = 0
    icmp_type = -1
    icmp_code = -1
  }
  egress {
    rule_no   = 120
    action    = "allow"
    protocol  = "icmp"
    cidr_block = "198.51.100.0/24"
    from_port = 0
    to_port   = 0
  }
}

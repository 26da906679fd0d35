resource "aws_network_acl" "main" {
  vpc_id = aws_vpc.main.id
  egress {
    rule_no   = 0
    action    = "allow"
    protocol  = "tcp"
    cidr_block = "203.0.113.0/24"
    from_port = 443
    to_port   = 443
  }
  egress {
    rule_no   = 100
    action    = "permit"
    protocol  = "tcp"
    cidr_block = "203.0.113.0/24"
    from_port = 443
    to_port   = 443
  }
  egress {
    rule_no   = 110
    action    = "allow"
    protocol  = "tcpp"
    cidr_block = "203.0.113.0/24"
    from_port = 443
    to_port   = 443
  }
  egress {
    rule_no   = 120
    action    = "allow"
    protocol  = "tcp"
    from_port = 443
    to_port   = 443
  }
  egress {
    rule_no   = 130
    action    = "allow"
    protocol  = "tcp"
    cidr_block = "203.0.113.1/24"
    from_port = 443
    to_port   = 443
  }
  egress {
    rule_no   = 140
    action    = "allow"
    protocol  = "tcp"
    cidr_block = "203.0.113.0/24"
    from_port = 443
    to_port   = 99999
  }
  egress {
    rule_no   = 150
    action    = "allow"
    protocol  = "tcp"
    cidr_block = "203.0.113.0/24"
    from_port = "http"
    to_port   = 80
  }
}

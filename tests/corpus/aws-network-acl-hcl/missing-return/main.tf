resource "aws_network_acl" "main" {
  vpc_id = aws_vpc.main.id
  egress {
    rule_no   = 100
    action    = "allow"
    protocol  = "tcp"
    cidr_block = "203.0.113.0/24"
    from_port = 443
    to_port   = 443
  }
  ingress {
    rule_no   = 100
    action    = "allow"
    protocol  = "tcp"
    cidr_block = "10.0.0.0/8"
    from_port = 22
    to_port   = 22
  }
}

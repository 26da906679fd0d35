# The old spelling, in which blocks are an argument; an empty list says that there are none.
resource "aws_security_group" "a" {
  ingress = []
  egress = [{
    description      = ""
    from_port        = 53
    to_port          = 53
    protocol         = "udp"
    cidr_blocks      = ["10.0.0.2/32"]
    ipv6_cidr_blocks = []
    prefix_list_ids  = null
    security_groups  = []
    self             = false
  }]
}

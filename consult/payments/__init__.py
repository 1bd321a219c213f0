"""What a consultation costs, how it is paid through a gateway, and how money goes back."""

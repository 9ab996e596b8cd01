"""What people do in the workspace: type commands, press buttons, fill modals, open the Home tab."""

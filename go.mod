module dialogs

go 1.26.8

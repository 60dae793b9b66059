-- Purpose:    Tables that copies stumble over: quoted names, enums and arrays of them, jsonb, identity, generated
--             columns, a self reference, a circle of foreign keys, a composite key, a user's trigger.
-- Parameters: none.
-- Result:     the tables, empty.
CREATE TYPE public."Mood" AS ENUM ('happy', 'so so');
CREATE TABLE public."Category" (
    id int PRIMARY KEY, name text NOT NULL, "parentId" int REFERENCES public."Category"
);
CREATE TABLE public."Customer" (
    id text PRIMARY KEY,
    email text NOT NULL UNIQUE,
    name varchar(200),
    settings jsonb NOT NULL DEFAULT '{}',
    "createdAt" timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    tags text[],
    mood public."Mood" NOT NULL DEFAULT 'happy',
    moods public."Mood"[],
    "searchName" text GENERATED ALWAYS AS (lower(email)) STORED
);
CREATE TABLE public."Order" (
    id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    "customerId" text NOT NULL REFERENCES public."Customer" ON DELETE CASCADE,
    total numeric(10, 2) NOT NULL,
    CONSTRAINT "total is positive" CHECK (total >= 0)
);
CREATE TABLE public."OrderLine" (
    "orderId" int NOT NULL REFERENCES public."Order" ON DELETE CASCADE,
    line int NOT NULL,
    product text NOT NULL,
    quantity int NOT NULL DEFAULT 1,
    PRIMARY KEY ("orderId", line)
);
CREATE TABLE public."Payment" (
    id serial PRIMARY KEY,
    "orderId" int NOT NULL REFERENCES public."Order" ON DELETE CASCADE,
    amount numeric(10, 2) NOT NULL
);
CREATE TABLE public."Team" (id text PRIMARY KEY, "leaderId" text);
CREATE TABLE public."Staff" (
    id text PRIMARY KEY, "teamId" text REFERENCES public."Team" DEFERRABLE INITIALLY DEFERRED
);
ALTER TABLE public."Team" ADD FOREIGN KEY ("leaderId") REFERENCES public."Staff" DEFERRABLE INITIALLY DEFERRED;
CREATE INDEX "Order_customerId_idx" ON public."Order" ("customerId");
CREATE FUNCTION public.touch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.name := coalesce(NEW.name, 'unnamed') || '!';
    RETURN NEW;
END $$;
